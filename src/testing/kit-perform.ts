import { type Failure, type Json, QueueError } from '../index.ts'
import { owned } from '../machine/decide.ts'
import type { LogEvent } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Drafting } from '../replica/types.ts'
import { Runner } from '../worker/runner.ts'
import type { Kind, WorkerOptions } from '../worker/types.ts'

/** How one attempt ended. */
export interface Performed {
  readonly id: string
  /** `retried`: it failed, and will be tried again. `released`: it snoozed, or was put off. */
  readonly outcome: 'completed' | 'retried' | 'released' | 'dead' | 'cancelled'
  /** With `completed`: what the handler returned, as it is kept. */
  readonly result: Json | undefined
  /** What the handler threw, itself; `undefined` if it did not throw. */
  readonly thrown: unknown
  /** What is kept of it. */
  readonly failure: Failure | undefined
  /** When it may run next (epoch milliseconds), if it is to. */
  readonly availableAt: number | undefined
  /** Whether its kind waits for the outside world now. */
  readonly held: boolean
}

/** Claims one job, whatever its wait, its line and its limits say, and runs it as a worker does. */
export async function perform(
  options: WorkerOptions,
  which: string | { readonly kind: string },
): Promise<Performed> {
  const { replica, owner, mint } = options
  await replica.catchUp()
  const run = { worker: mint(), lock: false, leaseMs: options.leaseMs, interruptible: true }
  let thrown: unknown
  const runner = new Runner({ ...options, kinds: noting(options.kinds, (error) => (thrown = error)) })
  const holder = await replica.submit((state, drafting) => {
    const job =
      typeof which === 'string' ? owned(state, owner, which) : nextOf(state, owner, which.kind, drafting)
    if (job.state !== 'pending') {
      throw new QueueError(
        'wrong-state',
        `Cannot perform job "${job.id}": it is ${job.state}, expected pending`,
      )
    }
    if (options.kinds.get(job.kind)?.run === undefined) {
      throw new TypeError(`Cannot perform job "${job.id}": there is no handler for "${job.kind}"`)
    }
    drafting.emit({ type: 'claimed', run, jobs: [job.id], probe: state.hold(owner, job.kind) && true })
    return { id: job.id, epoch: job.epoch + 1 }
  })
  let end: LogEvent | undefined
  const unlisten = replica.listen({
    fact(event) {
      if (isEnd(event) && event.id === holder.id) end = event
    },
    entry() {
      if (replica.state) runner.look(replica.state)
    },
  })
  try {
    runner.begin([holder])
    while (runner.size > 0) await runner.next()
  } finally {
    runner.stop()
    unlisten()
  }
  return performed(await replica.open(), holder.id, end, thrown, owner)
}

/** The first of a kind that may run now. */
function nextOf(state: State, owner: string, kind: string, { now }: Drafting) {
  state.index.ready.wake(now)
  const lane = state.index.ready.lane(owner, kind)
  const job = lane && state.index.ready.peek(lane)
  if (job !== undefined) return job
  throw new QueueError('not-found', `Cannot perform a job of "${kind}": none is due`)
}

type End = Extract<LogEvent, { readonly type: Performed['outcome'] }>

function isEnd(event: LogEvent): event is End {
  return ['completed', 'retried', 'released', 'dead', 'cancelled'].includes(event.type)
}

function performed(
  state: State,
  id: string,
  end: LogEvent | undefined,
  thrown: unknown,
  owner: string,
): Performed {
  const job = state.jobs.get(id)
  if (end === undefined || !isEnd(end)) {
    throw new QueueError('lease-lost', `Cannot tell how job "${id}" came out: it was taken from its handler`)
  }
  const { type: outcome } = end
  const failed = outcome === 'retried' || outcome === 'dead'
  return {
    id,
    outcome,
    result: end.type === 'completed' && end.result !== undefined ? JSON.parse(end.result) : undefined,
    thrown,
    failure: failed ? job?.failures?.at(-1) : undefined,
    availableAt: job?.state === 'pending' ? job.availableAt : undefined,
    held: job !== undefined && state.hold(owner, job.kind) !== undefined,
  }
}

/** The kinds, with handlers that note what they throw. */
function noting(kinds: ReadonlyMap<string, Kind>, note: (error: unknown) => void): ReadonlyMap<string, Kind> {
  return new Map(
    [...kinds].map(([name, kind]) => {
      const { run } = kind
      const noted: Kind['run'] =
        run &&
        (async (payload, job) => {
          try {
            return await run(payload, job)
          } catch (error) {
            note(error)
            throw error
          }
        })
      return [name, { ...kind, run: noted }]
    }),
  )
}
