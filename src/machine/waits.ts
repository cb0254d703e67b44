import type { Now } from './events.ts'
import { Heap } from './heap.ts'

interface Wait {
  readonly key: string
  readonly wallAt: number
  readonly monoAt: number
}

/**
 * What waits until an instant. A wait is over when the wall clock says so *or* when this context's monotonic clock has
 * run that long since it was told of the wait: so a wall clock set back delays nothing, and no two clocks are compared.
 */
export class Waits {
  readonly #waits: Map<string, Wait> = new Map()
  readonly #byWall: Heap<Wait> = new Heap((a, b) => a.wallAt < b.wallAt)
  readonly #byMono: Heap<Wait> = new Heap((a, b) => a.monoAt < b.monoAt)

  has(key: string): boolean {
    return this.#waits.has(key)
  }

  /** Starts, or restarts, a wait: told of at `mono`, over at wall time `wallAt` or after `waitMs`. */
  start(key: string, wallAt: number, waitMs: number, mono: number): void {
    const wait = { key, wallAt, monoAt: mono + waitMs }
    this.#waits.set(key, wait)
    this.#byWall.push(wait)
    this.#byMono.push(wait)
  }

  stop(key: string): void {
    if (!this.#waits.delete(key)) return
    const live = this.#waits.size
    if (this.#byWall.size > 2 * live + 64) this.#byWall.sweep(this.#isLive)
    if (this.#byMono.size > 2 * live + 64) this.#byMono.sweep(this.#isLive)
  }

  /** Stops and returns what is over. */
  takeOver(now: Now): string[] {
    const over: string[] = []
    const take = (heap: Heap<Wait>, isOver: (wait: Wait) => boolean): void => {
      for (let top = this.#top(heap); top !== undefined && isOver(top); top = this.#top(heap)) {
        heap.pop()
        this.#waits.delete(top.key)
        over.push(top.key)
      }
    }
    take(this.#byWall, (wait) => wait.wallAt <= now.wall)
    take(this.#byMono, (wait) => wait.monoAt <= now.mono)
    return over
  }

  /** Keys that are over, without stopping them. */
  isOver(key: string, now: Now): boolean {
    const wait = this.#waits.get(key)
    return wait === undefined || wait.wallAt <= now.wall || wait.monoAt <= now.mono
  }

  /** Milliseconds until the first is over, or `Infinity`. */
  untilNext(now: Now): number {
    const wall = this.#top(this.#byWall)
    const mono = this.#top(this.#byMono)
    if (wall === undefined || mono === undefined) return Number.POSITIVE_INFINITY
    return Math.max(0, Math.min(wall.wallAt - now.wall, mono.monoAt - now.mono))
  }

  /** Milliseconds until this one is over. */
  untilOver(key: string, now: Now): number {
    const wait = this.#waits.get(key)
    if (wait === undefined) return 0
    return Math.max(0, Math.min(wait.wallAt - now.wall, wait.monoAt - now.mono))
  }

  readonly #isLive = (wait: Wait): boolean => this.#waits.get(wait.key) === wait

  #top(heap: Heap<Wait>): Wait | undefined {
    for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
      if (this.#isLive(top)) return top
      heap.pop()
    }
    return undefined
  }
}
