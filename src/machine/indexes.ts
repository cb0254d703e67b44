import { Heap } from './heap.ts'
import { type Job, slotOf, takesSlot } from './job.ts'
import { type Journal, Sightings } from './journal.ts'
import { Pile } from './pile.ts'
import { Ready } from './ready.ts'
import type { Hold, Outbox, Slot } from './rows.ts'
import type { Table } from './table.ts'
import { Waits } from './waits.ts'

/** Everything derived from the rows, kept level by the tables' watches; rebuilt by loading them. */
export class Indexes {
  readonly ready: Ready
  /** By lane: until the hold's next probe. */
  readonly holds: Waits
  readonly slots: Waits
  /** By owner, then job: until it expires. */
  readonly #expiries: Map<string, Waits> = new Map()
  /** By worker: the jobs it holds. */
  readonly held: Map<string, Set<string>> = new Map()
  /** By worker or sender: this context's monotonic clock when it last learned that it lives. */
  readonly seen: Sightings
  /** By dedupe slot: the jobs that take it by their state, and all that wait, since they may be followers. */
  readonly takers: Map<string, Set<string>> = new Map()
  readonly runningByKind: Map<string, number> = new Map()
  running = 0

  readonly #jobs: () => Table<Job>
  readonly #journal: Journal
  readonly #oldest: Map<string, Heap<Job>> = new Map()
  readonly #retired: Map<string, Pile> = new Map()
  readonly #dead: Map<string, Pile> = new Map()

  constructor(jobs: () => Table<Job>, boostMs: number, journal: Journal) {
    this.#jobs = jobs
    this.#journal = journal
    this.ready = new Ready(jobs, boostMs, journal)
    this.holds = new Waits(journal)
    this.slots = new Waits(journal)
    this.seen = new Sightings(journal)
  }

  expiries(owner: string): Waits {
    return this.#expiries.get(owner) ?? added(this.#expiries, owner, new Waits(this.#journal))
  }

  /** The owner's finished jobs that nothing but retention keeps. */
  retired(owner: string): Pile {
    return this.#retired.get(owner) ?? added(this.#retired, owner, new Pile(this.#journal))
  }

  /** The owner's dead letters. */
  dead(owner: string): Pile {
    return this.#dead.get(owner) ?? added(this.#dead, owner, new Pile(this.#journal))
  }

  /** The owner's pending job that is first in line. Its heap is made by the first call. */
  oldest(owner: string): Job | undefined {
    const heap = this.#oldest.get(owner) ?? this.#pendingOf(owner)
    for (let job = heap.peek(); job !== undefined; job = heap.peek()) {
      if (this.#isPending(job)) return job
      heap.pop()
    }
    return undefined
  }

  jobChanged(before: Job | undefined, after: Job | undefined, mono: number): void {
    if (before) this.#drop(before, after)
    if (after) this.#add(before, after, mono)
    this.ready.change(before, after, mono)
  }

  holdChanged(before: Hold | undefined, after: Hold | undefined, lane: string, mono: number): void {
    if (after?.waitMs === undefined) this.holds.stop(lane)
    else if (after.number !== before?.number || after.tries !== before.tries) {
      this.holds.start(lane, after.availableAt, after.waitMs, mono)
    }
  }

  slotChanged(after: Slot | undefined, slot: string, mono: number): void {
    if (after) this.slots.start(slot, after.until, after.ms, mono)
    else this.slots.stop(slot)
  }

  /** A sender known from a checkpoint alone is given its time from then on. */
  outboxChanged(after: Outbox | undefined, mono: number): void {
    const sender = after?.sender
    if (sender !== undefined && !this.seen.has(sender)) this.seen.set(sender, mono)
  }

  #drop(job: Job, after: Job | undefined): void {
    if (job.run && job.run !== after?.run) {
      this.#hold(job.run.worker, job.id, false)
      this.#count(job.kind, -1)
    }
    if (job.dedupe) remove(this.takers, slotOf(job.owner, job.kind, job.dedupe.key), job.id)
    this.#pileOf(job)?.delete(job)
    if (job.expiresInMs !== undefined && after?.state !== 'pending') this.expiries(job.owner).stop(job.id)
  }

  #add(before: Job | undefined, job: Job, mono: number): void {
    if (job.run && job.run !== before?.run) {
      this.seen.set(job.run.worker, mono)
      this.#hold(job.run.worker, job.id, true)
      this.#count(job.kind, 1)
    }
    if (job.dedupe && (takesSlot(job) || job.state === 'pending')) {
      add(this.takers, slotOf(job.owner, job.kind, job.dedupe.key), job.id)
    }
    this.#pileOf(job)?.put(job)
    if (job.state === 'pending') this.#await(job, mono)
  }

  #pileOf(job: Job): Pile | undefined {
    if (job.state === 'dead') return this.dead(job.owner)
    return isRetired(job) ? this.retired(job.owner) : undefined
  }

  #await(job: Job, mono: number): void {
    const oldest = this.#oldest.get(job.owner)
    oldest?.push(job)
    if (oldest !== undefined && oldest.size > 2 * this.#jobs().size + 64) oldest.sweep(this.#isPending)
    if (job.expiresInMs === undefined) return
    const expiries = this.expiries(job.owner)
    if (!expiries.has(job.id)) expiries.start(job.id, job.enqueuedAt + job.expiresInMs, job.expiresInMs, mono)
  }

  readonly #isPending = (job: Job): boolean => job.state === 'pending' && this.#jobs().get(job.id) === job

  #pendingOf(owner: string): Heap<Job> {
    const heap = new Heap<Job>((a, b) => a.order < b.order)
    for (const job of this.#jobs().values())
      if (job.owner === owner && job.state === 'pending') heap.push(job)
    this.#oldest.set(owner, heap)
    return heap
  }

  #hold(worker: string, id: string, holds: boolean): void {
    if (holds) add(this.held, worker, id)
    else if (remove(this.held, worker, id)) this.seen.delete(worker)
  }

  #count(kind: string, by: number): void {
    this.running += by
    this.runningByKind.set(kind, (this.runningByKind.get(kind) ?? 0) + by)
  }
}

/** Whether nothing keeps a finished job but its retention. */
function isRetired(job: Job): boolean {
  return (job.state === 'completed' || job.state === 'cancelled') && job.ack !== 'queued'
}

function added<T>(map: Map<string, T>, key: string, value: T): T {
  map.set(key, value)
  return value
}

function add(sets: Map<string, Set<string>>, key: string, member: string): void {
  const set = sets.get(key)
  if (set) set.add(member)
  else sets.set(key, new Set([member]))
}

/** Whether that was the last of its set. */
function remove(sets: Map<string, Set<string>>, key: string, member: string): boolean {
  const set = sets.get(key)
  set?.delete(member)
  return set?.size === 0 && sets.delete(key)
}
