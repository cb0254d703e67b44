/** How many taken items the run may keep in front before they are cut off. */
const slack = 1_024

/**
 * A priority queue that holds each item at most once. What is in it may have gone stale: owners check the top and drop
 * what no longer counts.
 *
 * What is pushed in its order, as most jobs and most instants are, only gets in line; a binary heap takes the rest.
 */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean
  readonly #members: Set<T> = new Set()
  /** Sorted; the first `#taken` are gone. */
  #run: T[] = []
  #taken = 0
  #heap: T[] = []

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#run.length - this.#taken + this.#heap.length
  }

  peek(): T | undefined {
    const next = this.#run[this.#taken]
    const top = this.#heap[0]
    if (next === undefined) return top
    return top === undefined || !this.#before(top, next) ? next : top
  }

  /** The items in no order, for a scan. */
  items(): readonly T[] {
    return [...this.#run.slice(this.#taken), ...this.#heap]
  }

  push(item: T): void {
    if (this.#members.has(item)) return
    this.#members.add(item)
    const last = this.#run.at(-1)
    if (last === undefined || !this.#before(item, last)) this.#run.push(item)
    else this.#rise(item)
  }

  pop(): T | undefined {
    const item = this.peek()
    if (item === undefined) return undefined
    this.#members.delete(item)
    if (item === this.#heap[0]) this.#dropTop()
    else this.#next()
    return item
  }

  /** Keeps only what `live` says: for owners that saw half of it go stale. */
  sweep(live: (item: T) => boolean): void {
    const keep = (item: T): boolean => {
      const isLive = live(item)
      if (!isLive) this.#members.delete(item)
      return isLive
    }
    this.#run = this.#run.slice(this.#taken).filter(keep)
    this.#taken = 0
    this.#heap = this.#heap.filter(keep)
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at, this.#heap[at] as T)
  }

  #next(): void {
    this.#taken++
    if (this.#taken < Math.min(this.#run.length, Math.max(slack, this.#run.length / 2))) return
    this.#run = this.#run.slice(this.#taken)
    this.#taken = 0
  }

  #dropTop(): void {
    const last = this.#heap.pop() as T
    if (this.#heap.length > 0) this.#sink(0, last)
  }

  #rise(item: T): void {
    const items = this.#heap
    let at = items.length
    items.push(item)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = items[up] as T
      if (!this.#before(item, parent)) break
      items[at] = parent
      at = up
    }
    items[at] = item
  }

  #sink(from: number, item: T): void {
    const items = this.#heap
    const size = items.length
    let at = from
    for (;;) {
      let down = 2 * at + 1
      if (down >= size) break
      if (down + 1 < size && this.#before(items[down + 1] as T, items[down] as T)) down++
      const child = items[down] as T
      if (!this.#before(child, item)) break
      items[at] = child
      at = down
    }
    items[at] = item
  }
}
