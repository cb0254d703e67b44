import type { Now } from '../machine/events.ts'
import { list } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import type { Replica } from '../replica/types.ts'
import { guarded } from './emitter.ts'
import { showJob } from './show.ts'
import type { JobFilter, JobView, QueueView } from './types.ts'

const none: readonly JobView[] = []

/** A live list. Computed when asked for, and only after something changed. */
export function createView(
  replica: Replica,
  owner: string,
  filter: JobFilter,
  now: () => Now,
  onError: (error: unknown) => void,
): QueueView {
  const listeners = new Set<() => void>()
  let cached: { readonly state: State; readonly seq: number; readonly jobs: readonly JobView[] } | undefined
  let unlisten: (() => void) | undefined

  const changed = (): void => {
    for (const listener of [...listeners]) guarded(listener)
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      if (unlisten === undefined) {
        unlisten = replica.listen({ entry: changed, notice: changed })
        replica.open().then(changed, onError)
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        unlisten?.()
        unlisten = undefined
      }
    },
    getSnapshot() {
      const { state } = replica
      if (state === undefined) return none
      if (cached?.state !== state || cached.seq !== state.seq) {
        const { jobs } = list(state, owner, { limit: 100, ...filter }, now())
        cached = { state, seq: state.seq, jobs: jobs.map(showJob) }
      }
      return cached.jobs
    },
  }
}
