import type { Now } from './events.ts'
import { Heap } from './heap.ts'
import { isInLine, type Job, type JobState, keepsPlace, linesOf } from './job.ts'
import type { Journal } from './journal.ts'
import { Shelf } from './shelf.ts'
import type { Table } from './table.ts'
import { Waits } from './waits.ts'

interface Place {
  readonly id: string
  readonly order: number
}

/** Jobs listed by state. */
export type Shelves = Readonly<Record<JobState, Shelf>>

/** Jobs of one owner and kind: counted by state, those that wait, those that may be claimed by rank. */
export interface Lane {
  readonly owner: string
  readonly kind: string
  readonly counts: Record<JobState, number>
  readonly waits: Waits
  readonly ready: Heap<Job>
  /** How many wait, or are to run, again after a failure. */
  failing: number
}

const standing: Record<JobState, number> = { pending: 0, running: 0, completed: 0, dead: 0, cancelled: 0 }

/**
 * What may be claimed next, derived from the jobs: pending, its wait over, at the head of its lines. Rank is
 * `availableAt − priority · boostMs`, then the order of enqueueing: so priority ages, and nothing starves.
 */
export class Ready {
  readonly #jobs: () => Table<Job>
  readonly #boostMs: number
  readonly #journal: Journal
  /** By owner, then kind. */
  readonly #lanes: Map<string, Map<string, Lane>> = new Map()
  /** The lane asked for last: most jobs in a row are of one. */
  #last: Lane | undefined
  /** Absent until somebody lists jobs: most contexts never do. */
  #shelves: Map<Lane, Shelves> | undefined
  readonly #lines: Map<string, Heap<Place>> = new Map()

  constructor(jobs: () => Table<Job>, boostMs: number, journal: Journal) {
    this.#jobs = jobs
    this.#boostMs = boostMs
    this.#journal = journal
  }

  /** The owner's. */
  lanes(owner: string): Iterable<Lane> {
    return this.#lanes.get(owner)?.values() ?? []
  }

  lane(owner: string, kind: string): Lane | undefined {
    return this.#lanes.get(owner)?.get(kind)
  }

  rank(job: Job): number {
    return job.availableAt - (job.priority ?? 0) * this.#boostMs
  }

  readonly before = (a: Job, b: Job): boolean => {
    const byRank = this.rank(a) - this.rank(b)
    return byRank === 0 ? a.order < b.order : byRank < 0
  }

  /** Keeps level with one row's change. `mono` is when this context learned of it. */
  change(before: Job | undefined, after: Job | undefined, mono: number): void {
    const job = (after ?? before) as Job
    const lane = this.#lane(job)
    if (before) lane.counts[before.state]--
    if (after) lane.counts[after.state]++
    if (before?.failures && isFailing(before)) lane.failing--
    if (after?.failures && isFailing(after)) lane.failing++
    if (this.#shelves && before?.state !== after?.state) this.#shelve(this.#shelves, lane, before, after)
    wait(lane, before, after, mono)
    if (isInLine(job)) {
      if (after) this.#place(before, after)
      for (const line of linesOf(job)) this.#offer(this.head(line))
    } else this.#offer(after)
  }

  /** The jobs of a lane by state: sorted by the first who asks for any, and from then on. */
  shelves(lane: Lane): Shelves {
    this.#shelves ??= this.#sorted()
    return shelvesIn(this.#shelves, lane)
  }

  /** Offers the jobs whose wait is over. */
  wake(now: Now): void {
    for (const lanes of this.#lanes.values()) {
      for (const { waits } of lanes.values()) {
        for (const id of waits.takeOver(now)) this.#offer(this.#jobs().get(id))
      }
    }
  }

  /** Milliseconds until the job's wait is over. */
  untilOver(job: Job, now: Now): number {
    return this.#lane(job).waits.untilOver(job.id, now)
  }

  /** The best job of a lane that may be claimed now, left where it is. */
  peek(lane: Lane): Job | undefined {
    for (let job = lane.ready.peek(); job !== undefined; job = lane.ready.peek()) {
      if (this.isReady(job)) return job
      lane.ready.pop()
    }
    return undefined
  }

  /** Whether this very row may be claimed (holds and limits aside). */
  isReady(job: Job): boolean {
    if (job.state !== 'pending' || this.#jobs().get(job.id) !== job) return false
    return !this.#lane(job).waits.has(job.id) && this.ahead(job) === undefined
  }

  /** The job that this one waits for, at the head of one of its lines. */
  ahead(job: Job): Job | undefined {
    if (!isInLine(job)) return undefined
    return linesOf(job)
      .map((line) => this.head(line))
      .find((head) => head?.id !== job.id)
  }

  /** The job at the head of a line. */
  head(line: string): Job | undefined {
    const places = this.#lines.get(line)
    for (let place = places?.peek(); places !== undefined && place !== undefined; place = places.peek()) {
      const job = this.#jobs().get(place.id)
      if (job !== undefined && job.order === place.order && keepsPlace(job, line)) return job
      places.pop()
    }
    this.#lines.delete(line)
    return undefined
  }

  #place(before: Job | undefined, after: Job): void {
    const stood = before?.order === after.order ? before : undefined
    for (const line of linesOf(after)) {
      if (!keepsPlace(after, line) || (stood !== undefined && keepsPlace(stood, line))) continue
      this.#line(line).push({ id: after.id, order: after.order })
    }
  }

  #sorted(): Map<Lane, Shelves> {
    const shelves = new Map<Lane, Shelves>()
    for (const job of this.#jobs().values()) this.#shelve(shelves, this.#lane(job), undefined, job)
    return shelves
  }

  #shelve(shelves: Map<Lane, Shelves>, lane: Lane, before: Job | undefined, after: Job | undefined): void {
    const own = shelvesIn(shelves, lane)
    if (before) own[before.state].delete(before)
    if (after) own[after.state].add(after)
  }

  /** Puts what may be ready before its lane; what is there already is not put twice. */
  #offer(job: Job | undefined): void {
    if (job?.state !== 'pending') return
    const { ready, counts, waits } = this.#lane(job)
    if (waits.has(job.id)) return
    ready.push(job)
    if (ready.size > 2 * counts.pending + 64) ready.sweep((row) => this.isReady(row))
  }

  #lane(job: Job): Lane {
    const { owner, kind } = job
    if (this.#last?.kind === kind && this.#last.owner === owner) return this.#last
    this.#last = this.lane(owner, kind) ?? this.#newLane(owner, kind)
    return this.#last
  }

  #newLane(owner: string, kind: string): Lane {
    const waits = new Waits(this.#journal)
    const ready = new Heap(this.before)
    const lane = { owner, kind, counts: { ...standing }, waits, ready, failing: 0 }
    const lanes = this.#lanes.get(owner)
    if (lanes) lanes.set(kind, lane)
    else this.#lanes.set(owner, new Map([[kind, lane]]))
    return lane
  }

  #line(key: string): Heap<Place> {
    const found = this.#lines.get(key)
    if (found) return found
    const line = new Heap<Place>((a, b) => a.order < b.order)
    this.#lines.set(key, line)
    return line
  }
}

/** Its work is late, though it may not be due: its last attempt failed, and since then nobody wished it to wait. */
export function isFailing({ state, attempt, failures, availableAt, waitMs }: Job): boolean {
  const last = state === 'pending' ? failures?.at(-1) : undefined
  return last?.attempt === attempt && last.at + waitMs === availableAt
}

function wait(lane: Lane, before: Job | undefined, after: Job | undefined, mono: number): void {
  const waited = before?.state === 'pending' && before.waitMs > 0
  const waits = after?.state === 'pending' && after.waitMs > 0
  if (!waited && !waits) return
  const same = before?.availableAt === after?.availableAt && before?.waitMs === after?.waitMs
  if (waited && waits && same) return
  if (waits) lane.waits.start(after.id, after.availableAt, after.waitMs, mono)
  else lane.waits.stop((before as Job).id)
}

function shelvesIn(shelves: Map<Lane, Shelves>, lane: Lane): Shelves {
  const found = shelves.get(lane)
  if (found) return found
  const [pending, running] = [new Shelf(), new Shelf()]
  const made = { pending, running, completed: new Shelf(), dead: new Shelf(), cancelled: new Shelf() }
  shelves.set(lane, made)
  return made
}
