import type { Job } from './job.ts'

/** How many ordinals share a page. */
const pageSize = 256

/**
 * Jobs of one lane that are in one state, by the pages of their ordinals: so a list of a rare state looks at nothing
 * else, and one that goes on far in looks at nothing before.
 */
export class Shelf {
  readonly #pages: Map<number, Set<string>> = new Map()

  add({ id, ordinal }: Job): void {
    const number = pageOf(ordinal)
    const page = this.#pages.get(number)
    if (page) page.add(id)
    else this.#pages.set(number, new Set([id]))
  }

  delete({ id, ordinal }: Job): void {
    const number = pageOf(ordinal)
    const page = this.#pages.get(number)
    page?.delete(id)
    if (page?.size === 0) this.#pages.delete(number)
  }

  pageNumbers(): Iterable<number> {
    return this.#pages.keys()
  }

  page(number: number): Iterable<string> {
    return this.#pages.get(number) ?? []
  }
}

/** The ids on several shelves, page by page behind an ordinal; within a page in no order. */
export function* pagesBehind(shelves: readonly Shelf[], ordinal: number): Generator<string[], void> {
  const first = pageOf(ordinal)
  const numbers = new Set<number>()
  for (const shelf of shelves)
    for (const number of shelf.pageNumbers()) if (number >= first) numbers.add(number)
  for (const number of [...numbers].sort((a, b) => a - b)) {
    yield shelves.flatMap((shelf) => [...shelf.page(number)])
  }
}

function pageOf(ordinal: number): number {
  return Math.floor(ordinal / pageSize)
}
