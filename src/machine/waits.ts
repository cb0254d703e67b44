import type { Now } from './events.ts'
import { Heap } from './heap.ts'
import { type Journal, note, type Undoes } from './journal.ts'

interface Wait {
  readonly key: string
  readonly wallAt: number
  readonly monoAt: number
  /** Settles ties: what started first is over first. */
  readonly number: number
}

/** How many stale items a heap may hold beyond twice its live ones before it is swept. */
const slack = 64

/**
 * What waits until an instant. A wait is over when the wall clock says so *or* when this context's monotonic clock has
 * run that long since it was told of the wait: so a wall clock set back delays nothing, and no two clocks are compared.
 * Undoing a speculation puts back the very instants that its changes replaced.
 */
export class Waits implements Undoes {
  readonly #journal: Journal
  readonly #waits: Map<string, Wait> = new Map()
  readonly #byWall: Heap<Wait> = new Heap((a, b) => (a.wallAt - b.wallAt || a.number - b.number) < 0)
  readonly #byMono: Heap<Wait> = new Heap((a, b) => (a.monoAt - b.monoAt || a.number - b.number) < 0)
  #started = 0

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get size(): number {
    return this.#waits.size
  }

  has(key: string): boolean {
    return this.#waits.has(key)
  }

  /** Starts, or restarts, a wait: told of at `mono`, over at wall time `wallAt` or after `waitMs`. */
  start(key: string, wallAt: number, waitMs: number, mono: number): void {
    this.#change(key, { key, wallAt, monoAt: mono + waitMs, number: this.#started++ })
  }

  stop(key: string): void {
    this.#change(key, undefined)
  }

  /** Stops and returns what is over, for good: an instant that has passed stays so whatever is undone. */
  takeOver(now: Now): string[] {
    const over: string[] = []
    for (let key = this.firstOver(now); key !== undefined; key = this.firstOver(now)) {
      this.#waits.delete(key)
      over.push(key)
    }
    return over
  }

  /** Something that is over, left as it is. */
  firstOver(now: Now): string | undefined {
    const wall = this.#top(this.#byWall)
    if (wall !== undefined && wall.wallAt <= now.wall) return wall.key
    const mono = this.#top(this.#byMono)
    return mono !== undefined && mono.monoAt <= now.mono ? mono.key : undefined
  }

  /** How many are not over. */
  left(now: Now): number {
    if (this.firstOver(now) === undefined) return this.size
    return [...this.#waits.keys()].filter((key) => !this.isOver(key, now)).length
  }

  /** Whether this one is over, without stopping it; what does not wait is. */
  isOver(key: string, now: Now): boolean {
    return this.untilOver(key, now) === 0
  }

  /** Milliseconds until the first is over, or `Infinity`. */
  untilNext(now: Now): number {
    const wallAt = this.#top(this.#byWall)?.wallAt ?? Number.POSITIVE_INFINITY
    const monoAt = this.#top(this.#byMono)?.monoAt ?? Number.POSITIVE_INFINITY
    return Math.max(0, Math.min(wallAt - now.wall, monoAt - now.mono))
  }

  /** Milliseconds until this one is over; 0 for what does not wait. */
  untilOver(key: string, now: Now): number {
    const wait = this.#waits.get(key)
    if (wait === undefined) return 0
    return Math.max(0, Math.min(wait.wallAt - now.wall, wait.monoAt - now.mono))
  }

  #change(key: string, to: Wait | undefined): void {
    const { undo, unwinding } = this.#journal
    const from = this.#waits.get(key)
    if (unwinding || from === to) return
    if (undo) note(undo, this, key, from)
    this.#put(key, to)
  }

  undo(key: string, from: unknown): void {
    const wait = from as Wait | undefined
    this.#put(key, wait && { ...wait })
  }

  #put(key: string, wait: Wait | undefined): void {
    if (wait === undefined) this.#waits.delete(key)
    else this.#waits.set(key, wait)
    for (const heap of [this.#byWall, this.#byMono]) {
      if (wait !== undefined) heap.push(wait)
      if (heap.size > 2 * this.#waits.size + slack) heap.sweep(this.#isLive)
    }
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
