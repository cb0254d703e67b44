import type { LogEvent } from '../../../src/machine/events.ts'
import type { DeadReason, Failure } from '../../../src/machine/job.ts'
import { countUnsent } from '../../../src/machine/outbox.ts'
import type { State } from '../../../src/machine/state.ts'
import { type AckStore, createReceiver, memoryAcks, RejectAck } from '../../../src/receiver/index.ts'
import { createReplica } from '../../../src/replica/replica.ts'
import type { Replica } from '../../../src/replica/types.ts'
import type { StoreFactory } from '../../../src/store/contract.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import { type AckNotice, ackNotices } from '../../../src/sync/notices.ts'
import type { SyncOptions } from '../../../src/sync/options.ts'
import { createSender } from '../../../src/sync/sender.ts'
import type { FlushEnd, FlushOptions, Sender, SyncEvent } from '../../../src/sync/types.ts'
import { type TestClock, testClock } from './clock.ts'

export const owner = 'ada'
export const queue = 'photos'
const url = 'http://localhost/acks'

/** What a job's finish looks like in the log. */
export interface Finish {
  readonly id: string
  readonly dead?: DeadReason
  readonly error?: Omit<Failure, 'at' | 'attempt'>
  readonly result?: string
  readonly key?: string
  readonly owner?: string
}

export function finishEvents(finish: Finish, outbox = 'outbox-1'): LogEvent[] {
  const { id, dead, error, result, key } = finish
  const run = { worker: 'worker', lock: false, leaseMs: 1_000, interruptible: false }
  return [
    { type: 'enqueued', id, owner: finish.owner ?? owner, kind: 'upload', key },
    { type: 'claimed', run, jobs: [id] },
    dead === undefined
      ? { type: 'completed', id, epoch: 1, result, outbox }
      : { type: 'dead', id, epoch: 1, reason: dead, error, outbox },
  ]
}

export interface Context {
  readonly replica: Replica
  readonly sender: Counting
  readonly clock: TestClock
  /** What the sender told, oldest first. */
  readonly told: SyncEvent[]
  /** What the log says of acknowledgements. */
  readonly notices: AckNotice[]
  readonly state: () => State
  readonly unsent: () => number
  finish(...finishes: readonly (string | Finish)[]): Promise<void>
}

/** What the log says came of a flush, and why something is left. */
export interface Flushed {
  readonly sent: number
  readonly rejected: number
  readonly remaining: number
  readonly stopped?: FlushEnd
}

interface Counting extends Omit<Sender, 'flush'> {
  flush(options?: FlushOptions): Promise<Flushed>
}

export interface ContextOptions extends Partial<SyncOptions> {
  readonly clock?: TestClock
  readonly store?: StoreFactory
  readonly online?: () => boolean
  readonly random?: () => number
  /** Begins the ids it mints. */
  readonly name?: string
  readonly outbox?: string
}

/** One context of a device: a real replica on a memory store, and a sender. */
export async function context(options: ContextOptions = {}): Promise<Context> {
  const { clock = testClock(), store = memoryStore(), name = 'a', random = () => 0.5, outbox } = options
  let minted = 0
  const mint = (): string => `${name}${++minted}`
  const replica = createReplica({ store: store(queue), clock, mint })
  replica.eager = true
  const told: SyncEvent[] = []
  const notices: AckNotice[] = []
  const own: AckNotice[] = []
  replica.listen({
    entry({ events }, isOwn) {
      const told = events.flatMap(ackNotices)
      notices.push(...told)
      if (isOwn) own.push(...told)
    },
  })
  const { online = () => true, url: to = url, headers, fetch, include, lingerMs } = options
  const sync: SyncOptions = {
    url: to,
    ...(headers && { headers }),
    ...(fetch && { fetch }),
    ...(include && { include }),
    ...(lingerMs !== undefined && { lingerMs }),
  }
  const emit = (event: SyncEvent): void => void told.push(event)
  const sender = createSender({ replica, clock, random, mint, queue, owner, sync, online, emit })
  await replica.open()
  const state = (): State => {
    if (replica.state === undefined) throw new Error('The replica is not open')
    return replica.state
  }
  return {
    ...{ replica, sender: counting(sender, own), clock, told, notices, state },
    unsent: () => countUnsent(state(), owner),
    finish: (...finishes) =>
      replica.submit((_, { emit: draft }) => {
        for (const finish of finishes) {
          const asked = typeof finish === 'string' ? { id: finish } : finish
          for (const event of finishEvents(asked, outbox ?? `outbox-${name}`)) draft(event)
        }
      }),
  }
}

/** The sender, whose flushes are counted. */
function counting(sender: Sender, notices: readonly AckNotice[]): Counting {
  return {
    start: () => sender.start(),
    stop: () => sender.stop(),
    leave: (options) => sender.leave(options),
    wake: () => sender.wake(),
    rouse: () => sender.rouse(),
    nextAt: () => sender.nextAt(),
    resume: () => sender.resume(),
    status: () => sender.status(),
    final: () => sender.final(),
    async flush(options) {
      const from = notices.length
      const why = await sender.flush(options)
      const count = (type: AckNotice['type']): number =>
        notices.slice(from).filter((each) => each.type === type).length
      const counts = { sent: count('acked'), rejected: count('ack-rejected') }
      return { ...counts, remaining: sender.status().unsent, ...(why !== 'idle' && { stopped: why }) }
    },
  }
}

/** Names of jobs. */
export function jobs(count: number, prefix = 'job'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`)
}

/** A real receiver, called as `fetch`, and what it was told. */
export interface Server {
  readonly fetch: (to: string, init: RequestInit) => Promise<Response>
  /** `subject/finish` of everything that took effect, in order. */
  readonly effects: string[]
  readonly requests: Request[]
  /** Jobs that `onAck` rejects. */
  readonly rejects: Set<string>
  /** Jobs that `onAck` fails for, the next time. */
  readonly failures: Set<string>
  /** What goes wrong with the next requests: a function is given the real answer, and may lose it. */
  readonly faults: ((request: Request, answer: () => Promise<Response>) => Promise<Response>)[]
}

export function server(store: AckStore<undefined> = memoryAcks(), maxBodyBytes?: number): Server {
  const effects: string[] = []
  const requests: Request[] = []
  const rejects = new Set<string>()
  const failures = new Set<string>()
  const faults: Server['faults'] = []
  const receive = createReceiver({
    store,
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    authenticate: () => 'ada',
    onAck: (ack) => {
      if (rejects.has(ack.subject)) throw new RejectAck('unknown-job', `Nothing is known of ${ack.subject}`)
      if (failures.delete(ack.subject)) throw new Error('The database is down')
      effects.push(`${ack.subject}/${ack.data.finish}`)
    },
  })
  return {
    ...{ effects, requests, rejects, failures, faults },
    fetch: (to, init) => {
      const request = new Request(to, init)
      requests.push(request.clone())
      const fault = faults.shift()
      return fault ? fault(request, () => receive(request)) : receive(request)
    },
  }
}
