import type { Job } from './job.ts'
import { type Journal, note, type Undoes } from './journal.ts'

interface Place {
  readonly job: Job
  /** The how-manieth came: what finished in one moment stays in that order, also when an undo puts it back. */
  readonly number: number
}

/** One owner's finished jobs that retention may take, in the order of their finishing. */
export class Pile implements Undoes {
  readonly #journal: Journal
  /** In the order in which they came. */
  #places: Map<string, Place> = new Map()
  /** That order is not the one of their finishing: after a load, an undo, or a clock that was set back. */
  #isMixed = false
  /** The last of them to finish, as far as they came in order. */
  #last: Place | undefined
  #nextNumber = 0
  /** What they weigh together. */
  bytes = 0

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get size(): number {
    return this.#places.size
  }

  put(job: Job): void {
    this.#change(job.id, undefined, { job, number: this.#nextNumber++ })
  }

  delete({ id }: Job): void {
    this.#change(id, this.#places.get(id), undefined)
  }

  /** The first to finish first. */
  *byFinish(): Generator<Job, void> {
    if (this.#isMixed) {
      const places = [...this.#places.values()].sort(compare)
      this.#places = new Map(places.map((place) => [place.job.id, place]))
      this.#last = places.at(-1)
      this.#isMixed = false
    }
    for (const { job } of this.#places.values()) yield job
  }

  #change(id: string, from: Place | undefined, to: Place | undefined): void {
    const { undo, unwinding } = this.#journal
    if (unwinding) return
    if (undo) note(undo, this, id, from)
    this.#set(id, from, to)
  }

  undo(id: string, from: unknown): void {
    this.#set(id, this.#places.get(id), from as Place | undefined)
  }

  #set(id: string, from: Place | undefined, to: Place | undefined): void {
    if (from) {
      this.#places.delete(id)
      this.bytes -= bytesOf(from.job)
    }
    if (to === undefined) return
    if (this.#places.size === 0) this.#isMixed = false
    else if (this.#last && compare(to, this.#last) < 0) this.#isMixed = true
    this.#last = to
    this.#places.set(id, to)
    this.bytes += bytesOf(to.job)
  }
}

function compare(a: Place, b: Place): number {
  return finishedAt(a.job) - finishedAt(b.job) || a.number - b.number
}

export function finishedAt(job: Job): number {
  return Number(job.finishedAt)
}

/** What a job's payload and checkpoint weigh, roughly, with its row. */
export function bytesOf(job: Job): number {
  return (job.beside ?? 0) + (job.payload?.length ?? 0) + (job.checkpoint?.length ?? 0) + 200
}
