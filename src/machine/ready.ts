import type { Now } from './events.ts'
import { Heap } from './heap.ts'
import { type Job, type JobState, laneOf, lineOf, standsInLine } from './job.ts'
import type { Table } from './table.ts'
import { Waits } from './waits.ts'

interface Place {
  readonly id: string
  readonly order: number
}

interface Line {
  readonly places: Heap<Place>
  /** The head, as it was last put before its lane. */
  offered: Job | undefined
}

/** Jobs of one owner and kind, counted by state, those that may be claimed in rank order. */
export interface Lane {
  readonly owner: string
  readonly kind: string
  readonly counts: Record<JobState, number>
  readonly ready: Heap<Job>
}

const standing: Record<JobState, number> = { pending: 0, running: 0, completed: 0, dead: 0, cancelled: 0 }

/**
 * What may be claimed next, derived from the jobs: pending, its wait over, at the head of its line. Rank is
 * `availableAt − priority · boostMs`, then the order of enqueueing: so priority ages, and nothing starves.
 */
export class Ready {
  readonly #jobs: () => Table<Job>
  readonly #boostMs: number
  readonly #lanes: Map<string, Lane> = new Map()
  readonly #lines: Map<string, Line> = new Map()
  readonly waits: Waits = new Waits()

  constructor(jobs: () => Table<Job>, boostMs: number) {
    this.#jobs = jobs
    this.#boostMs = boostMs
  }

  lanes(): IterableIterator<Lane> {
    return this.#lanes.values()
  }

  lane(owner: string, kind: string): Lane | undefined {
    return this.#lanes.get(laneOf({ owner, kind }))
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
    if (before) this.#lane(before).counts[before.state]--
    if (after) this.#lane(after).counts[after.state]++
    this.#wait(before, after, mono)
    if (after) this.#settle(before, after)
    else if (before) this.#refresh(lineOf(before))
  }

  /** Offers the jobs whose wait is over. */
  wake(now: Now): void {
    for (const id of this.waits.takeOver(now)) {
      const job = this.#jobs().get(id)
      if (job?.state !== 'pending') continue
      const line = lineOf(job)
      if (line === undefined) this.#offer(job)
      else this.#refresh(line)
    }
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
    if (job.state !== 'pending' || this.#jobs().get(job.id) !== job || this.waits.has(job.id)) return false
    const line = lineOf(job)
    return line === undefined || this.head(line) === job
  }

  /** The job at the head of a line. */
  head(line: string): Job | undefined {
    const places = this.#lines.get(line)?.places
    for (let place = places?.peek(); places !== undefined && place !== undefined; place = places.peek()) {
      const job = this.#jobs().get(place.id)
      if (job !== undefined && job.order === place.order && standsInLine(job)) return job
      places.pop()
    }
    this.#lines.delete(line)
    return undefined
  }

  #settle(before: Job | undefined, after: Job): void {
    const line = lineOf(after)
    if (line === undefined) {
      if (after.state === 'pending') this.#offer(after)
      return
    }
    const stood = before !== undefined && standsInLine(before) && before.order === after.order
    if (!stood && standsInLine(after)) this.#line(line).places.push({ id: after.id, order: after.order })
    this.#refresh(line)
  }

  #wait(before: Job | undefined, after: Job | undefined, mono: number): void {
    const waited = before?.state === 'pending' && before.waitMs > 0
    const waits = after?.state === 'pending' && after.waitMs > 0
    const same = before?.availableAt === after?.availableAt && before?.waitMs === after?.waitMs
    if (waited && !(waits && same)) this.waits.stop(before.id)
    if (waits && !(waited && same)) this.waits.start(after.id, after.availableAt, after.waitMs, mono)
  }

  /** Puts a line's head before its lane, once. */
  #refresh(line: string | undefined): void {
    if (line === undefined) return
    const head = this.head(line)
    const entry = this.#lines.get(line)
    if (head === undefined || entry === undefined || entry.offered === head) return
    entry.offered = head.state === 'pending' && this.#offer(head) ? head : undefined
  }

  #offer(job: Job): boolean {
    if (this.waits.has(job.id)) return false
    const { ready, counts } = this.#lane(job)
    ready.push(job)
    if (ready.size > 2 * counts.pending + 64) ready.sweep((row) => this.isReady(row))
    return true
  }

  #lane(job: Job): Lane {
    const key = laneOf(job)
    const found = this.#lanes.get(key)
    if (found) return found
    const lane = { owner: job.owner, kind: job.kind, counts: { ...standing }, ready: new Heap(this.before) }
    this.#lanes.set(key, lane)
    return lane
  }

  #line(key: string): Line {
    const found = this.#lines.get(key)
    if (found) return found
    const line: Line = { places: new Heap((a, b) => a.order < b.order), offered: undefined }
    this.#lines.set(key, line)
    return line
  }
}
