import type { Job } from './job.ts'

/** One owner's finished jobs that retention may take, in the order of their finishing. */
export class Pile {
  /** In the order in which they came. */
  #jobs: Map<string, Job> = new Map()
  /** That order is not the one of their finishing: after a load, an undo, or a clock that was set back. */
  #isMixed = false
  /** The last of them to finish, as far as they came in order. */
  #last: Job | undefined
  /** The how-manieth came each row: what finished in one moment stays in that order, also when an undo puts it back. */
  readonly #places: WeakMap<Job, number> = new WeakMap()
  #nextPlace = 0
  /** What they weigh together. */
  bytes = 0

  get size(): number {
    return this.#jobs.size
  }

  put(job: Job): void {
    if (!this.#places.has(job)) this.#places.set(job, this.#nextPlace++)
    if (this.#jobs.size === 0) this.#isMixed = false
    else if (this.#last && this.#compare(job, this.#last) < 0) this.#isMixed = true
    this.#last = job
    this.#jobs.set(job.id, job)
    this.bytes += bytesOf(job)
  }

  delete(job: Job): void {
    this.#jobs.delete(job.id)
    this.bytes -= bytesOf(job)
  }

  /** The first to finish first. */
  byFinish(): Iterable<Job> {
    if (this.#isMixed) {
      const jobs = [...this.#jobs.values()].sort((a, b) => this.#compare(a, b))
      this.#jobs = new Map(jobs.map((job) => [job.id, job]))
      this.#last = jobs.at(-1)
      this.#isMixed = false
    }
    return this.#jobs.values()
  }

  #compare(a: Job, b: Job): number {
    return finishedAt(a) - finishedAt(b) || Number(this.#places.get(a)) - Number(this.#places.get(b))
  }
}

export function finishedAt(job: Job): number {
  return Number(job.finishedAt)
}

/** What a job's payload and checkpoint weigh, roughly, with its row. */
export function bytesOf(job: Job): number {
  return (job.beside ?? 0) + (job.payload?.length ?? 0) + (job.checkpoint?.length ?? 0) + 200
}
