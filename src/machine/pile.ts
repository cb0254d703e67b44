import { Heap } from './heap.ts'
import type { Job } from './job.ts'

/** How many stale items a heap may hold beyond twice its live ones before it is swept. */
const slack = 64

/** One owner's finished jobs that retention may take, in the order of their finishing. */
export class Pile {
  readonly #jobs: Map<string, Job> = new Map()
  readonly #byFinish: Heap<Job> = new Heap(
    (a, b) => (finishedAt(a) - finishedAt(b) || a.ordinal - b.ordinal) < 0,
  )
  /** What they weigh together. */
  bytes = 0

  get size(): number {
    return this.#jobs.size
  }

  put(job: Job): void {
    this.#jobs.set(job.id, job)
    this.bytes += bytesOf(job)
    this.#byFinish.push(job)
    if (this.#byFinish.size > 2 * this.#jobs.size + slack) this.#byFinish.sweep(this.#isLive)
  }

  delete(job: Job): void {
    this.#jobs.delete(job.id)
    this.bytes -= bytesOf(job)
  }

  /** Walks them, the first to finish first: whoever stops at the first pays for one. Not to be changed meanwhile. */
  *byFinish(): Generator<Job, void> {
    const walked: Job[] = []
    try {
      for (let job = this.#byFinish.pop(); job !== undefined; job = this.#byFinish.pop()) {
        if (!this.#isLive(job)) continue
        walked.push(job)
        yield job
      }
    } finally {
      for (const job of walked) this.#byFinish.push(job)
    }
  }

  readonly #isLive = (job: Job): boolean => this.#jobs.get(job.id) === job
}

export function finishedAt(job: Job): number {
  return Number(job.finishedAt)
}

/** What a job's payload and checkpoint weigh, roughly, with its row. */
export function bytesOf(job: Job): number {
  return (job.beside ?? 0) + (job.payload?.length ?? 0) + (job.checkpoint?.length ?? 0) + 200
}
