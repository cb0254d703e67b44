import type { CommonOptions, StoreFactory } from 'holdfast'
import { type ManualClock, manualClock } from 'holdfast/testing'

interface Closable {
  close(): Promise<void>
}

/** What a case works on: a queue's name that no other case uses, a store, and a clock that stands still. */
export interface Bench {
  readonly clock: ManualClock
  /** What a queue is opened with: without jitter, and on the clock of the bench unless it is given another. */
  given(more?: Partial<CommonOptions>): CommonOptions
  /** Has a queue closed after the case. */
  keep<Q extends Closable>(queue: Q): Q
  /** Runs after the case, before the queues are closed. */
  atEnd(undo: () => void): void
  /** A store on the same data, as after a restart; `undefined` where nothing outlives it. */
  readonly reopen: (() => StoreFactory) | undefined
}

/** Cases by name; a name is a sentence about a queue. */
export type Cases = Readonly<Record<string, (bench: Bench) => Promise<void>>>

/** Where a bench comes from. */
export interface BenchOptions {
  readonly store: () => StoreFactory
  readonly reopen: (() => StoreFactory) | undefined
}

/** Runs a case, and leaves nothing behind. */
export async function onBench(
  { store, reopen }: BenchOptions,
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  const name = `behaviour-${unique()}`
  const factory = store()
  const clock = manualClock()
  const open: Closable[] = []
  const undone: (() => void)[] = []
  const bench: Bench = {
    clock,
    given: (more) => ({ name, store: factory, clock, random: () => 0.5, ...more }),
    keep(queue) {
      open.push(queue)
      return queue
    },
    atEnd: (undo) => void undone.push(undo),
    reopen,
  }
  try {
    await run(bench)
  } finally {
    for (const undo of undone) undo()
    await Promise.all(open.map((queue) => queue.close()))
    const last = (reopen ?? store)()(name)
    await last.destroy()
  }
}

function unique(): string {
  return [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join('')
}

/** A promise, and what settles it. */
export function gate<T = void>(): { readonly passed: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined
  const passed = new Promise<T>((resolve) => {
    open = resolve
  })
  return { passed, open: (value) => open(value) }
}

/** Rejects with the signal's reason once it aborts. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
