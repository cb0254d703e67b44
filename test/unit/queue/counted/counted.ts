import 'fake-indexeddb/auto'
import { createQueue, indexedDbStore, type Queue, type Task, task } from '../../../../src/index.ts'
import type { CommonOptions, HandlersOf, KindsOfTasks } from '../../../../src/queue/options.ts'
import type { ManualClock } from '../../../../src/testing/manual-clock.ts'
import { answered } from '../../../conformance/indexeddb/queue.ts'
import { tap } from '../../../conformance/indexeddb/tap.ts'
import type { Entry } from '../../../../src/store/contract.ts'
import { bench, turns } from '../bench.ts'
import { type Cost, costOf } from './cost.ts'

const tasks: { readonly work: Task<unknown, unknown> } = { work: task() }

export type Counted = Queue<KindsOfTasks<typeof tasks>>
export type Work = HandlersOf<typeof tasks>['work']

/** One origin whose storage is counted. Time stands still in it, so what is counted is the same in each run. */
export interface Origin {
  readonly clock: ManualClock
  /** Opens a context on the one queue of this origin: with `work`, one that runs its jobs. */
  context(options?: Partial<CommonOptions> & { readonly work?: Work }): Counted
  /** What this costs until nothing is under way any more. */
  cost(run: () => unknown): Promise<Cost>
  /** Nobody appends anything for so long that a checkpoint which is due is written. */
  quiet(): Promise<void>
  /** What lies in an object store. */
  records(store: 'log' | 'pages' | 'payloads'): Promise<unknown[]>
  /** What is in the log, without what came too late. */
  entries(): Promise<readonly Entry[]>
}

let origins = 0

export function origin(): Origin {
  const name = `counted-${++origins}`
  const { given, keep, clock } = bench(indexedDbStore())
  const seen = tap()
  return {
    clock,
    context({ work, ...options } = {}) {
      return keep(createQueue({ ...given({ name, ...options }), tasks, ...(work && { handlers: { work } }) }))
    },
    async cost(run) {
      seen.clear()
      await run()
      await turns()
      return costOf(seen)
    },
    async quiet() {
      clock.advance(100)
      await turns()
    },
    async records(store) {
      const db = await answered(indexedDB.open(`holdfast:${name}`))
      const all = await answered(db.transaction(store).objectStore(store).getAll())
      db.close()
      return all
    },
    async entries() {
      const store = indexedDbStore()(name)
      const { log } = await store.load()
      const { entries } = await store.read({ log, seq: 0 })
      await store.close()
      return entries
    },
  }
}

/** So many jobs for `enqueueAll`. */
export function jobs(count: number, payload: unknown = 1): { kind: 'work'; payload: unknown }[] {
  return Array.from({ length: count }, () => ({ kind: 'work', payload }))
}

/** A handler that has nothing to wait for. */
export const trivial: Work = () => undefined
