import { FatalError, RetryError } from '../../errors.ts'
import { classify } from '../../http/classify.ts'
import { HttpError, NoResponseError } from '../../http/errors.ts'
import { type Snooze, snooze } from '../../queue/snooze.ts'
import type { JobContext } from '../../types.ts'
import type { How, Ledger, Outcome } from './ledger.ts'
import { type Answer, isCode, type KindName, type Load } from './kinds.ts'
import type { Model } from './model.ts'
import { refusals } from './promises.ts'
import { must } from './violation.ts'
import type { Mortal, World } from './world.ts'

/** How the service that handlers of `call` ask is. */
export interface Service {
  status: 200 | 503 | 429 | 401
  /** What it asks to wait (seconds). */
  retryAfter: number | undefined
  isReachable: boolean
}

/** What a handler needs of the simulation. Emptied at its end: queues of the dead are never closed. */
export interface Stage {
  readonly world: World
  readonly ledger: Ledger
  readonly service: Service
  readonly isRestless: boolean
  /** Handlers keep how far they are. */
  readonly keepsCheckpoints: boolean
  readonly whom: Mortal
  readonly model: () => Model
  readonly writer: () => string
  readonly crash: () => void
}

export type Run = (load: Load, job: JobContext) => Promise<Answer | Snooze>

/** A handler that does what chance says, and tells the ledger all of it. */
export function handlerOf(stage: { current: Stage | undefined }, kind: KindName): Run {
  return async (load, job) => {
    const here = stage.current
    if (here === undefined) throw new Error('The simulation is over')
    here.world.note(`${here.whom.name} runs ${kind} ${job.id}:${job.epoch}`)
    guard(here, () => here.ledger.began(job, here.writer(), load, here.model()))
    if (load.fate === 'deadly' && here.world.isFaulty && here.world.random.chance(0.6)) {
      here.world.fault('deadly job', job.id)
      here.crash()
      return new Promise(() => undefined)
    }
    try {
      await work(here, job)
    } catch (error) {
      return fail(here, job, 'aborted', error)
    }
    return outcome(here, kind, load, job)
  }
}

/** Asked before the handler: now and then, everything is done already. */
export function isDoneOf(stage: { current: Stage | undefined }): (load: Load, job: JobContext) => boolean {
  return (load, job) => {
    const here = stage.current
    if (here === undefined || load.fate !== 'fine' || !here.world.random.chance(0.05)) return false
    guard(here, () => here.ledger.began(job, here.writer(), load, here.model()))
    end(here, job, { type: 'returned', result: undefined })
    return true
  }
}

function end({ ledger, world, model }: Stage, job: JobContext, outcome: Outcome): void {
  const isHeld = ledger.ended(job, outcome, model())
  if (!isHeld) world.fault('too late', `${job.id}:${job.epoch}`)
}

/** What a check finds ends the simulation, not the job. */
function guard({ world }: Stage, check: () => void): void {
  try {
    check()
  } catch (error) {
    world.broken ??= error
  }
}

/** Some steps, each of which may take its time, tell how far it is, or be the one that is aborted. */
async function work(here: Stage, job: JobContext): Promise<void> {
  const { random } = here.world
  if (here.isRestless && here.world.isFaulty) await pause(here, job, true, 60_000)
  const heeds = random.chance(0.7)
  for (let step = random.below(4); step > 0; step--) {
    await pause(here, job, heeds, delayOf(here))
    if (random.chance(0.3)) job.progress(random.chance(0.5) ? random.below(5) : { step })
    if (here.keepsCheckpoints && random.chance(0.6)) await checkpoint(here, job)
  }
}

/** With what a checkpoint may be refused, beside what the store does to it: an attempt that is over, or to end. */
const overCodes = ['lease-lost', 'stopped', 'cancelled', 'timeout', 'quota-exceeded'] as const

async function checkpoint(here: Stage, job: JobContext): Promise<void> {
  const { checkpoints } = here.ledger
  const state = checkpoints.asks(job, here.world.random.chance(0.2))
  try {
    await job.checkpoint(state)
  } catch (error) {
    const isAllowed = isCode(error, [...refusals, ...overCodes])
    const what = (): string => `the checkpoint of job ${job.id} is refused: ${String(error)}`
    guard(here, () => must(isAllowed, '7: it goes on, or says why not', what))
    here.world.note(`${here.whom.name} handler ${job.id}:${job.epoch} keeps nothing`)
    return
  }
  guard(here, () => checkpoints.granted(job, state))
}

function delayOf({ world: { random, isFaulty } }: Stage): number {
  if (random.chance(0.5)) return 0
  if (random.chance(0.6) || !isFaulty) return random.below(500)
  return random.chance(0.8) ? random.below(20_000) : random.below(150_000)
}

function pause({ world, whom }: Stage, job: JobContext, heeds: boolean, delayMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const { signal } = heeds ? job : {}
    const aborted = (): void => reject(signal?.reason)
    if (signal?.aborted) aborted()
    signal?.addEventListener('abort', aborted, { once: true })
    world.later(whom, `${whom.name} handler ${job.id}:${job.epoch} goes on`, delayMs, resolve)
  })
}

function outcome(here: Stage, kind: KindName, load: Load, job: JobContext): Answer | Snooze {
  const { random, isFaulty } = here.world
  if (load.fate === 'fatal') return fail(here, job, 'fatal', new FatalError('This job is fatal'))
  if (load.fate === 'fails') return fail(here, job, 'own', new Error('This job always fails'))
  if (kind === 'call') ask(here, job)
  if (isFaulty && random.chance(0.15)) return fail(here, job, 'own', new Error('This attempt failed'))
  if (isFaulty && random.chance(0.05)) {
    const afterMs = random.below(30_000)
    return fail(here, job, 'own', new RetryError('Not now', { afterMs }), afterMs)
  }
  if (isFaulty && random.chance(0.06)) {
    end(here, job, { type: 'snoozed' })
    return snooze(random.below(40_000))
  }
  const answer = { serial: load.serial, epoch: job.epoch }
  end(here, job, { type: 'returned', result: JSON.stringify(answer) })
  return answer
}

/** Asks the service, which may be away, busy, or want to know who asks. */
function ask(here: Stage, job: JobContext): void {
  const { status: general, retryAfter, isReachable } = here.service
  const { random, isFaulty } = here.world
  if (!isReachable) fail(here, job, 'no-response', new NoResponseError(new TypeError('fetch failed')))
  const isOdd = isFaulty && general === 200 && random.chance(0.15)
  const status = isOdd ? random.pick([404, 408, 500, 503]) : general
  const afterMs = retryAfter === undefined ? undefined : retryAfter * 1_000
  const verdict = classify(status, afterMs)
  if (verdict === undefined) return
  const fields = { status, statusText: '', url: 'https://service.example/', body: '' }
  const how = ({ hold: 'held', 'hold-until-resume': 'unauthorized', retry: 'own', fatal: 'fatal' } as const)[
    verdict.type as 'hold' | 'hold-until-resume' | 'retry' | 'fatal'
  ]
  fail(here, job, how, new HttpError(fields, verdict), how === 'own' ? (afterMs ?? 0) : 0)
}

function fail(here: Stage, job: JobContext, how: How, error: unknown, afterMs = 0): never {
  const outcome: Outcome = { type: 'threw', how, afterMs }
  end(here, job, outcome)
  here.world.note(`${here.whom.name} handler ${job.id}:${job.epoch} throws, ${how}`)
  throw error
}
