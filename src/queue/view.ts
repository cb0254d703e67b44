import type { Now } from '../machine/events.ts'
import type { Job } from '../machine/job.ts'
import { list } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import type { Replica } from '../replica/types.ts'
import type { Clock } from '../types.ts'
import { is } from './check.ts'
import { guarded } from './emitter.ts'
import { nowOf } from './parts.ts'
import type { Pulse } from './pulse.ts'
import { showJob } from './show.ts'
import type { JobFilter, JobView, QueueView } from './types.ts'

const none: readonly JobView[] = []

interface Cached {
  readonly state: State
  readonly seq: number
  readonly rows: readonly Job[]
  /** When time alone changes what is listed, by the monotonic clock. */
  readonly staleAt: number
  readonly jobs: readonly JobView[]
}

/** A live list. Computed when asked for, and only after something changed: what is scheduled changes by time, too. */
export function createView(
  replica: Replica,
  owner: string,
  filter: JobFilter,
  clock: Clock,
  pulse: Pulse,
  onError: (error: unknown) => void,
): QueueView {
  const listing = createListing(replica, owner, filter, clock)
  const listeners = new Set<() => void>()
  let end: (() => void) | undefined

  const changed = (): void => {
    for (const listener of [...listeners]) guarded(listener)
  }
  return {
    subscribe(listener) {
      is('function')('listener', listener)
      // Its own, so that one function may be subscribed twice.
      const own = (): void => listener()
      listeners.add(own)
      if (end === undefined) {
        const ends = [watch(replica, clock, listing, changed), pulse.begin()]
        end = () => {
          for (const each of ends) each()
        }
        replica.open().then(changed, onError)
      }
      return () => {
        listeners.delete(own)
        if (listeners.size > 0) return
        end?.()
        end = undefined
      }
    },
    getSnapshot: listing.jobs,
  }
}

interface Listing {
  jobs(): readonly JobView[]
  /** Milliseconds until time alone changes what is listed now, or `Infinity`. */
  untilStale(): number
}

function createListing(replica: Replica, owner: string, filter: JobFilter, clock: Clock): Listing {
  const states = [filter.state].flat()
  const isTimed = states.includes('scheduled') && !states.includes('pending')
  let cached: Cached | undefined

  const untilStale = ({ staleAt }: Cached): number => staleAt - clock.monotonic()
  /** Of the jobs that are not due yet, the first that will be. */
  const untilDue = (state: State, rows: readonly Job[], now: Now): number => {
    const waits = rows
      .filter((row) => isTimed && row.state === 'pending')
      .map((row) => state.index.ready.untilOver(row, now))
    return waits.reduce((least, ms) => (ms > 0 && ms < least ? ms : least), Number.POSITIVE_INFINITY)
  }
  const current = (): Cached | undefined => {
    const { state } = replica
    if (state === undefined) return undefined
    if (cached?.state === state && cached.seq === state.seq && untilStale(cached) > 0) return cached
    const now = nowOf(clock)
    const { jobs: rows } = list(state, owner, filter, now)
    const staleAt = now.mono + untilDue(state, rows, now)
    cached = { state, seq: state.seq, rows, staleAt, jobs: shown(rows, cached) }
    return cached
  }
  return {
    jobs: () => current()?.jobs ?? none,
    untilStale() {
      // Only what time changes is computed without being asked for.
      const listed = isTimed ? current() : undefined
      return listed === undefined ? Number.POSITIVE_INFINITY : untilStale(listed)
    },
  }
}

/** Calls back after each change, by the log or by time, until it is ended or the queue is closed. */
function watch(replica: Replica, clock: Clock, listing: Listing, changed: () => void): () => void {
  let isOver = false
  let disarm = (): void => undefined

  const arm = (): void => {
    disarm()
    const untilStale = isOver ? Number.POSITIVE_INFINITY : listing.untilStale()
    if (untilStale < Number.POSITIVE_INFINITY) disarm = clock.setTimer(look, untilStale)
  }
  const look = (): void => {
    changed()
    arm()
  }
  const unlisten = replica.listen({
    entry: look,
    notice({ state }) {
      isOver ||= state === 'closed' || state === 'down'
      look()
    },
  })
  arm()
  return () => {
    isOver = true
    disarm()
    unlisten()
  }
}

/** The jobs as they are shown: what did not change stays the same object, so that nobody renders it again. */
function shown(rows: readonly Job[], before: Cached | undefined): readonly JobView[] {
  const known = new Map(before?.rows.map((row, place) => [row, before.jobs[place]]))
  const isSame = before?.rows.length === rows.length && rows.every((row, place) => row === before.rows[place])
  return isSame ? before.jobs : rows.map((row) => known.get(row) ?? showJob(row))
}
