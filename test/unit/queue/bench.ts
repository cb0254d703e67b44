import { nanoid } from 'nanoid'
import { afterEach, expect } from 'vitest'
import type { QueueEventName, QueueEvents } from '../../../src/index.ts'
import { memoryStore, type StoreFactory } from '../../../src/index.ts'
import type { CommonOptions } from '../../../src/queue/options.ts'
import { type Platform, platformKey } from '../../../src/queue/platform.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts'
import type { Locks } from '../../../src/worker/types.ts'

interface Closable {
  close(): Promise<void>
}

interface Heard {
  on<Name extends QueueEventName>(name: Name, listener: (event: QueueEvents[Name]) => void): () => void
}

/** One store and one clock for several contexts. Whatever is opened is closed after the test, and leaves no timer. */
export interface Bench {
  readonly clock: ManualClock
  readonly store: StoreFactory
  /** What every context is given: no jitter, no locks. */
  given(more?: Partial<CommonOptions> & { readonly locks?: Locks | undefined }): CommonOptions
  /** Closes the queue after the test. */
  keep<Q extends Closable>(queue: Q): Q
}

const open = new Set<Closable>()
const clocks = new Set<ManualClock>()

afterEach(async () => {
  const closing = [...open].map((queue) => queue.close())
  open.clear()
  await Promise.all(closing)
  const left = [...clocks].map((clock) => clock.timers)
  clocks.clear()
  expect(left, 'timers left after close').toEqual(left.map(() => 0))
})

export function bench(store: StoreFactory = memoryStore()): Bench {
  const clock = manualClock()
  clocks.add(clock)
  return {
    clock,
    store,
    given({ locks, ...more } = {}) {
      const platform: Platform = { locks, mint: () => nanoid(), isHidden: () => false }
      return { name: 'mail', store, clock, random: () => 0.5, [platformKey]: platform, ...more }
    },
    keep(queue) {
      open.add(queue)
      return queue
    },
  }
}

/** A store whose first handle is answered by nothing between `freeze` and `thaw`; hints reach it all the same. */
export function freezable(): { readonly store: StoreFactory; freeze(): void; thaw(): void } {
  const thawing = gate()
  let isFrozen = false
  const store = faultyStore(memoryStore(), ({ handle, method }) =>
    isFrozen && handle === 0 && method !== 'hint' ? { type: 'stall', until: thawing.promise } : undefined,
  )
  return {
    store,
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
      thawing.open()
    },
  }
}

/** Lets everything happen that needs no time. */
export async function turns(count: number = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Waits for a condition; time that has to pass is the test's business. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string = String(holds),
): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (await holds()) return
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  throw new Error(`Waited in vain: ${what}`)
}

/** Lets time pass, a second at a time, and what it brings about happen in between. */
export async function passing(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000))
    await turns(3)
  }
}

/** Lets time pass until a condition holds: an hour at the most. */
export async function untilLater(clock: ManualClock, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let second = 0; second < 3_600; second++) {
    if (await holds()) return
    await passing(clock, 1_000)
  }
  throw new Error(`Waited an hour in vain: ${String(holds)}`)
}

/** Everything a queue tells from here on, in order. */
export function record(queue: Heard, ...names: readonly QueueEventName[]): [QueueEventName, unknown][] {
  const heard: [QueueEventName, unknown][] = []
  for (const name of names) queue.on(name, (event) => heard.push([name, event]))
  return heard
}

/** What a test settles by hand. */
export interface Gate<T = void> {
  readonly promise: Promise<T>
  open(value: T): void
  fail(error: unknown): void
}

export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  promise.catch(() => undefined)
  return { promise, open, fail }
}
