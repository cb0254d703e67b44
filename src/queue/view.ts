import type { Now } from '../machine/events.ts'
import type { Job } from '../machine/job.ts'
import { list } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import type { Replica } from '../replica/types.ts'
import { guarded } from './emitter.ts'
import type { Pulse } from './pulse.ts'
import { showJob } from './show.ts'
import type { JobFilter, JobView, QueueView } from './types.ts'

const none: readonly JobView[] = []

interface Cached {
  readonly state: State
  readonly seq: number
  readonly rows: readonly Job[]
  readonly jobs: readonly JobView[]
}

/** A live list. Computed when asked for, and only after something changed. */
export function createView(
  replica: Replica,
  owner: string,
  filter: JobFilter,
  now: () => Now,
  pulse: Pulse,
  onError: (error: unknown) => void,
): QueueView {
  const listeners = new Set<() => void>()
  let cached: Cached | undefined
  let end: (() => void) | undefined

  const changed = (): void => {
    for (const listener of [...listeners]) guarded(listener)
  }
  const begin = (): (() => void) => {
    const ends = [replica.listen({ entry: changed, notice: changed }), pulse.begin()]
    return () => {
      for (const each of ends) each()
    }
  }

  return {
    subscribe(listener) {
      // Its own, so that one function may be subscribed twice.
      const own = (): void => listener()
      listeners.add(own)
      if (end === undefined) {
        end = begin()
        replica.open().then(changed, onError)
      }
      return () => {
        listeners.delete(own)
        if (listeners.size > 0) return
        end?.()
        end = undefined
      }
    },
    getSnapshot() {
      const { state } = replica
      if (state === undefined) return none
      if (cached?.state === state && cached.seq === state.seq) return cached.jobs
      const { jobs: rows } = list(state, owner, { limit: 100, ...filter }, now())
      cached = { state, seq: state.seq, rows, jobs: shown(rows, cached) }
      return cached.jobs
    },
  }
}

/** The jobs as they are shown: what did not change stays the same object, so that nobody renders it again. */
function shown(rows: readonly Job[], before: Cached | undefined): readonly JobView[] {
  const known = new Map(before?.rows.map((row, place) => [row, before.jobs[place]]))
  const isSame = before?.rows.length === rows.length && rows.every((row, place) => row === before.rows[place])
  return isSame ? before.jobs : rows.map((row) => known.get(row) ?? showJob(row))
}
