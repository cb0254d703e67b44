import type { Decide, Draft, Entry, Position, Store, StoreFactory } from '../../store/contract.ts'
import { randomId } from '../../store/random-id.ts'

/** What a case of the suite works on: one queue that no other case uses. */
export interface Bench {
  /** Opens one more handle of the queue. */
  open(): Store
  /** Opens a handle of another queue of the same factory. */
  openOther(): Store
  /** As `open`, by a factory on the same data as after a restart, where the engine has one. */
  readonly reopen: (() => Promise<Store>) | undefined
  readonly factory: StoreFactory
  /** Whether the engine reads, decides and appends in one step. */
  readonly oneStep: boolean
}

/** Cases by name; a name is a sentence about the contract. */
export type Cases = Readonly<Record<string, (bench: Bench) => Promise<void>>>

/** Where a bench comes from. */
export interface BenchOptions {
  readonly factory: StoreFactory
  readonly reopen: (() => StoreFactory | Promise<StoreFactory>) | undefined
  readonly oneStep: boolean
}

/** Runs a case on a queue of its own, and leaves nothing behind. */
export async function onBench(options: BenchOptions, run: (bench: Bench) => Promise<void>): Promise<void> {
  const { reopen, factory, oneStep } = options
  const names = [`conformance-${randomId()}`, `conformance-${randomId()}`] as const
  const handles: Store[] = []
  const opened = (store: Store): Store => {
    handles.push(store)
    return store
  }
  const bench: Bench = {
    open: () => opened(factory(names[0])),
    openOther: () => opened(factory(names[1])),
    reopen: reopen && (async () => opened((await reopen())(names[0]))),
    factory: (name) => opened(factory(name)),
    oneStep,
  }
  try {
    await run(bench)
  } finally {
    // Settled: what fails here was reported by the case, or is for the case that looks at it.
    await Promise.allSettled(handles.map((handle) => handle.close()))
    await Promise.allSettled(names.map((name) => factory(name).destroy()))
  }
}

/** A draft that tells itself from others by its id. */
export function draftOf(id: string, more: Partial<Draft> = {}): Draft {
  return { id, body: bodyOf(id), durability: 'relaxed', ...more }
}

export function bodyOf(id: string): string {
  return `body of ${id}`
}

/** The entry that {@link draftOf} becomes. */
export function entryOf(seq: number, id: string): Entry {
  return { seq, id, body: bodyOf(id) }
}

/** The position of the head, after creating the log if need be. */
export async function headOf(store: Store): Promise<Position> {
  const { log, mark, entries } = await store.load()
  return { log, seq: entries.at(-1)?.seq ?? mark }
}

/** Appends entries of these ids, one after another; gives the head's position. */
export async function appendAll(store: Store, ids: readonly string[]): Promise<Position> {
  let at = await headOf(store)
  for (const id of ids) {
    const seq = await store.commit(at, () => draftOf(id))
    if (seq === undefined) throw new Error(`Expected ${id} to be appended, commit resolved to undefined`)
    at = { log: at.log, seq }
  }
  return at
}

/** `count` ids, from `<prefix>:1` on. */
export function idsOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}:${index + 1}`)
}

/** Decides on the drafts in turn, the last one again and again, and keeps what it was called with. */
export function recorded(...drafts: (Draft | undefined)[]): {
  decide: Decide
  calls: Parameters<Decide>[0][]
} {
  const calls: Parameters<Decide>[0][] = []
  const decide: Decide = (missed) => {
    calls.push(missed)
    return drafts[Math.min(calls.length, drafts.length) - 1]
  }
  return { decide, calls }
}
