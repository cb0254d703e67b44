/**
 * A binary heap that holds each item at most once. What is in it may have gone stale: owners check the top and drop
 * what no longer counts.
 */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean
  readonly #members: Set<T> = new Set()
  #items: T[] = []

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  /** The items in no order, for a scan. */
  items(): readonly T[] {
    return this.#items
  }

  push(item: T): void {
    if (this.#members.has(item)) return
    this.#members.add(item)
    const items = this.#items
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

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    this.#members.delete(top as T)
    if (items.length > 0) this.#sink(0, last as T)
    return top
  }

  /** Keeps only what `live` says: for owners that saw half of it go stale. */
  sweep(live: (item: T) => boolean): void {
    const kept: T[] = []
    for (const item of this.#items) {
      if (live(item)) kept.push(item)
      else this.#members.delete(item)
    }
    this.#items = kept
    for (let at = (kept.length >> 1) - 1; at >= 0; at--) this.#sink(at, kept[at] as T)
  }

  #sink(from: number, item: T): void {
    const items = this.#items
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
