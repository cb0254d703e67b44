import type { Claimed, Completed, Dead, LogEvent, Reclaimed } from '../../machine/events.ts'
import { judgeIntake } from './intake.ts'
import { judgeCharge, judgeErrors } from './charges.ts'
import type { Ledger } from './ledger.ts'
import { maxRunning } from './kinds.ts'
import type { Model } from './model.ts'
import type { ModelJob } from './rows.ts'
import { judgeTime } from './turns.ts'
import { must, show } from './violation.ts'

/** What holds for the whole of a schedule. */
export interface Conditions {
  /** Over all kinds. */
  readonly maxRunning: number
  /** Of one owner. */
  readonly maxPending: number
  readonly maxCrashes: number
  /** The wall clocks of all contexts agree, and always did. */
  readonly isPunctual: boolean
  /** Whether this writer is alive and well, and has been for long enough that everybody knows. */
  readonly isWell: (writer: string) => boolean
}

/** What a law is judged on beside the event: the log before it, and what handlers and callers know. */
export interface Bench extends Conditions {
  readonly model: Model
  readonly ledger: Ledger
  /** Who wrote the entry. */
  readonly writer: string
  /** The workers whose bye lay beside the log. */
  readonly byes: ReadonlySet<string>
  /** The event before it in its entry. */
  readonly previous: LogEvent | undefined
  /** By the writer's wall clock. */
  readonly at: number
}

const stale = '2: one live epoch, no stale write'
const inOrder = '3: one key, one at a time, in order'
const counters = '4: counters are exact'
const inTime = 'nothing runs before its time, or out of turn'
const gapless = '5: acknowledgements have no gap and no repeat'
const told = 'what a caller was told is true'
const limits = 'limits are kept'

/** Whether an event may follow on the log before it. Knows the table of transitions, and none of the queue's code. */
export function judge(event: LogEvent, bench: Bench): void {
  const { model } = bench
  switch (event.type) {
    case 'claimed':
      for (const id of event.jobs) judgeClaim(job(model, id, event), event, bench)
      if (bench.isPunctual) judgeTime(event, model, bench.at)
      return
    case 'progressed':
    case 'checkpointed':
    case 'completed':
    case 'retried':
    case 'released':
      judgeHolder(event, bench)
      bench.ledger.judge(event, model)
      if (event.type === 'completed') judgeFinish(event, bench)
      if (event.type === 'retried') judgeErrors(event, bench)
      if (event.type === 'retried') judgeCharge(event.id, event.error.charged, bench)
      return
    case 'reclaimed':
      judgeReclaim(event, bench)
      return
    case 'enqueued':
      judgeIntake(event, bench)
      return
    case 'dead':
    case 'cancelled':
      judgeEnd(event, bench)
      return
    case 'cancel-requested':
      judgeState(event, bench, ['running'])
      return
    case 'redriven':
      judgeState(event, bench, ['dead', 'cancelled'])
      return
    case 'revised':
      judgeState(event, bench, event.why === 'edited' ? ['pending', 'dead', 'cancelled'] : ['pending'])
      return
    case 'removed':
      for (const id of event.ids) judgeRemoval(job(model, id, event), event, bench)
  }
}

function judgeReclaim(event: Reclaimed, { model, byes, isWell }: Bench): void {
  const held = job(model, event.id, event)
  judgeEpoch(held, event.epoch, event)
  const lost = held.isInterruptible ? 'interrupted' : 'crash'
  const expected = byes.has(held.worker ?? '') ? 'bye' : lost
  judgeCancellation(held, event)
  const isLost = event.cause === 'bye' || !isWell(held.writer ?? '')
  must(isLost, counters, () => `${show(event)}, but ${held.writer} is alive and well`)
  must(event.cause === expected, counters, () => `${show(event)}, but it is a loss by ${expected}`)
}

/** Who runs a job, or owes the server its acknowledgement, keeps it; what a caller asks to remove goes all the same. */
function judgeRemoval(gone: ModelJob, event: LogEvent, { model, ledger }: Bench): void {
  const { id, owner, finish, state } = gone
  must(state !== 'running', stale, () => `${show(event)}, but ${id} is running`)
  const isQueued = [...(model.outboxes.get(owner)?.queued.values() ?? [])].includes(`${id}#${finish}`)
  const isKept = isQueued && !ledger.mayBeGone(id)
  must(!isKept, limits, () => `${show(event)}, but the acknowledgement of ${id} is queued`)
}

function judgeState(
  event: LogEvent & { readonly id: string },
  { model }: Bench,
  states: readonly string[],
): void {
  const { state } = job(model, event.id, event)
  must(states.includes(state), stale, () => `${show(event)}, but it is ${state}`)
}

function judgeHolder(event: LogEvent & { readonly id: string; readonly epoch: number }, bench: Bench): void {
  const held = job(bench.model, event.id, event)
  if (event.type === 'retried' || event.type === 'released') judgeCancellation(held, event)
  judgeEpoch(held, event.epoch, event)
  must(
    held.writer === bench.writer,
    stale,
    () => `${show(event)} is not written by its holder ${held.writer}`,
  )
}

/** What a caller asked to cancel does not wait for another attempt. */
function judgeCancellation({ id, isCancelRequested }: ModelJob, event: LogEvent): void {
  must(!isCancelRequested, told, () => `${show(event)}, but ${id} was to be cancelled`)
}

function judgeEpoch(held: ModelJob, epoch: number, event: LogEvent): void {
  const isHeld = held.state === 'running' && held.epoch === epoch
  must(isHeld, stale, () => `${show(event)}, but the job is ${held.state} at epoch ${held.epoch}`)
}

function judgeClaim(claimed: ModelJob, event: Claimed, bench: Bench): void {
  const { model } = bench
  const { id, state, key, dedupeKey, owner, kind, crashes } = claimed
  const text = (): string => `${show(event)}: job ${id} of key ${key}`
  must(state === 'pending', stale, () => `${text()}, but it is ${state}`)
  must(crashes <= bench.maxCrashes, limits, () => `${text()}, but it crashed ${crashes} times`)
  must(!model.paused.has(owner), limits, () => `${text()}, but its owner is paused`)
  const others = [...model.jobs.values()].filter((other) => other.owner === owner && other.id !== id)
  const ahead = others.find((other) => other.order < claimed.order && keepsAhead(other, claimed))
  const running = others.find((other) => other.state === 'running' && isOfLine(other, key, dedupeKey, kind))
  must(ahead === undefined, inOrder, () => `${text()} overtakes ${ahead?.id}, which is ${ahead?.state}`)
  must(running === undefined, inOrder, () => `${text()} runs beside ${running?.id}`)
  judgeHold(claimed, event, bench)
  const all = [...model.jobs.values()].filter((other) => other.state === 'running')
  const ofKind = all.filter((other) => other.kind === kind).length
  must(all.length < bench.maxRunning, limits, () => `${text()} is one too many: ${all.length} run already`)
  must(
    ofKind < (maxRunning[kind] ?? Number.POSITIVE_INFINITY),
    limits,
    () => `${text()}: ${ofKind} of it run already`,
  )
  const beside = all.filter((other) => other.worker === event.run.worker)
  const isAlone = beside.length === 0 || (crashes < 2 && beside.every((other) => other.crashes < 2))
  must(
    isAlone,
    limits,
    () => `${text()}, but a job that crashed twice must run alone, beside ${beside[0]?.id}`,
  )
}

function isOfLine(
  other: ModelJob,
  key: string | undefined,
  dedupeKey: string | undefined,
  kind: string,
): boolean {
  if (key !== undefined && other.key === key) return true
  return dedupeKey !== undefined && other.dedupeKey === dedupeKey && other.kind === kind
}

function keepsAhead(other: ModelJob, { key, dedupeKey, kind }: ModelJob): boolean {
  if (other.state === 'dead') return other.blocks && key !== undefined && other.key === key
  return (other.state === 'pending' || other.state === 'running') && isOfLine(other, key, dedupeKey, kind)
}

function judgeHold(claimed: ModelJob, event: Claimed, { model }: Bench): void {
  const hold = model.holdOf(claimed)
  if (event.probe !== true) {
    must(hold === undefined, limits, () => `${show(event)}, but its kind is held`)
    return
  }
  const { id, epoch } = hold?.probe ?? { id: '', epoch: 0 }
  const out = model.jobs.get(id)
  const isOut = out?.state === 'running' && out.epoch === epoch
  must(
    hold !== undefined && !hold.isUntilResume && !isOut,
    limits,
    () => `${show(event)} has nothing to probe`,
  )
}

function judgeEnd(event: Extract<LogEvent, { readonly type: 'dead' | 'cancelled' }>, bench: Bench): void {
  const ended = job(bench.model, event.id, event)
  if (event.epoch !== undefined) {
    judgeEpoch(ended, event.epoch, event)
  } else {
    must(ended.state === 'pending', stale, () => `${show(event)}, but it is ${ended.state}`)
  }
  if (event.type === 'cancelled') {
    const hold = bench.model.holdOf(ended)
    if (hold && event.epoch !== undefined) hold.owesCharge = false
    const isAsked = event.epoch === undefined || ended.isCancelRequested
    must(isAsked, stale, () => `${show(event)}, but nobody asked for it`)
    return
  }
  judgeFinish(event, bench)
  if (event.reason === 'expired' && bench.isPunctual) {
    must(bench.at >= ended.expiresAt, inTime, () => `${show(event)} before ${ended.expiresAt}`)
  }
  if (event.reason === 'errors') judgeErrors(event, bench)
  if (event.error !== undefined) judgeCharge(event.id, event.error.charged, bench)
  bench.ledger.judge(event, bench.model)
}

/** Every finish is acknowledged. One that another owner's context finds lost is so only where its owner ever was. */
function judgeFinish(event: Completed | Dead, { model }: Bench): void {
  const { owner } = job(model, event.id, event)
  const isByOthers = event.type === 'dead' && (event.reason === 'maybe-ran' || event.reason === 'poison')
  const isWanted = event.outbox !== undefined || (isByOthers && !model.outboxes.has(owner))
  must(isWanted, gapless, () => `${show(event)}, but nobody will tell the server`)
}

function job(model: Model, id: string, event: LogEvent): ModelJob {
  const found = model.jobs.get(id)
  must(found !== undefined, stale, () => `${show(event)}, but there is no job ${id}`)
  return found
}
