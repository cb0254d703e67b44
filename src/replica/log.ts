import { isQueueError, type QueueError } from '../errors.ts'
import { decodeEntry, loadState } from '../machine/codec.ts'
import type { LogEntry, Now } from '../machine/events.ts'
import type { State, StateOptions } from '../machine/state.ts'
import type { CommitOptions, Draft, Entry, Joined, Missed, Position, Store } from '../store/contract.ts'
import type { Clock } from '../types.ts'
import { Checkpointer } from './checkpoint.ts'
import { join } from './joint.ts'
import type { ReplicaListener, StoreNotice } from './types.ts'
import { Waits } from './waits.ts'

/** A store call that takes longer is reported as stalled, and waited for: it grows with what is to be written. */
const stalledMs = 5_000
const stalledMsPerByte = 1 / 1_000

/** After one commit that met nobody, as often comes right behind one's own, the others are still there. */
const quietEnough = 3

export interface LogOptions {
  readonly store: Store
  readonly clock: Clock
  readonly boostMs?: number | undefined
  readonly checkpointEvents?: number | undefined
}

/** One context's copy of the log: loads it, reads what was missed, appends, and tells listeners what was folded. */
export class Log {
  readonly #store: Store
  readonly #clock: Clock
  readonly #shape: StateOptions
  readonly #checkpointer: Checkpointer
  readonly #listeners: Set<ReplicaListener> = new Set()
  readonly waits: Waits
  #state: State | undefined
  #news: { readonly entry: LogEntry; readonly own: boolean }[] = []
  #byes: ReadonlySet<string> = new Set()
  #isLeft = false
  #down: QueueError | undefined
  #trouble: 'reading' | 'writing' | 'quota' | undefined
  #isRelieved = false
  /** How many drafts in a row were the first at their place. */
  #quiet = quietEnough

  constructor(options: LogOptions) {
    const { store, clock, boostMs, checkpointEvents: minEvents } = options
    this.#shape = boostMs === undefined ? {} : { boostMs }
    this.#store = store
    this.#clock = clock
    this.waits = new Waits(clock)
    const onError = (error: unknown): void => {
      if (!isQueueError(error, 'closed')) this.notify({ state: 'failing', error })
    }
    this.#checkpointer = new Checkpointer({ store, clock, waits: this.waits, onError, minEvents })
  }

  get state(): State | undefined {
    return this.#state
  }

  get byes(): ReadonlySet<string> {
    return this.#byes
  }

  get maxEntryBytes(): number {
    return this.#store.maxEntryBytes
  }

  get now(): Now {
    return { wall: this.#clock.now(), mono: this.#clock.monotonic() }
  }

  /**
   * Whether others were first lately: they will be again, and then it takes one step instead of two to be told before
   * deciding.
   */
  get isContended(): boolean {
    return this.#quiet < quietEnough
  }

  /** So many entries of others were there before a draft. */
  met(others: number): void {
    this.#quiet = others > 0 ? 0 : this.#quiet + 1
  }

  listen(listener: ReplicaListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Tells how the store is; `met` says in doing what its failing was met. */
  notify(notice: StoreNotice, met: 'reading' | 'writing' = 'writing'): void {
    const { state } = notice
    if (state === 'quota') this.#trouble = state
    if (state === 'failing') this.#trouble = met
    for (const listener of [...this.#listeners]) listener.notice?.(notice)
  }

  /** Nothing works any more: what is still under way need not be watched, and opens nothing. */
  end(error: QueueError): void {
    this.#down = error
    this.waits.end()
    this.#checkpointer.end()
  }

  /** Starts from the store's snapshot, whatever was known before. */
  async load(): Promise<State> {
    const before = this.#state
    const snapshot = await this.#watched(this.#store.load(), 0)
    if (this.#down) throw this.#down
    const tail: LogEntry[] = []
    const state = loadState(snapshot, this.#clock.monotonic(), this.#shape, (entry) => tail.push(entry))
    this.#checkpointer.loaded(state, snapshot.mark, tail)
    if (this.#store.exclusive) forgetHolders(state)
    this.#state = state
    this.heard(snapshot.byes)
    if (snapshot.isLost && before?.log !== state.log) this.notify({ state: 'lost' })
    if (before === undefined) this.notify({ state: 'opened' })
    else this.notify({ state: before.log === state.log ? 'reloaded' : 'replaced' })
    return state
  }

  /** Reads what was missed; starts anew where that cannot be read any more. */
  async read(state: State): Promise<void> {
    try {
      const missed = await this.#watched(this.#store.read(positionOf(state)), 0)
      this.heard(missed.byes)
      this.fold(state, missed.entries, () => false)
      if (this.#trouble === 'reading') this.#relieved(false)
    } catch (error) {
      if (!isQueueError(error, 'log-behind') && !isQueueError(error, 'log-replaced')) throw error
      await this.load()
    } finally {
      this.tell()
    }
  }

  /** These said goodbye, and nobody else: whoever waits for them hears of it with the next {@link tell}. */
  heard(byes: Iterable<string>): void {
    const all = new Set(byes)
    this.#isLeft ||= [...all].some((bye) => !this.#byes.has(bye))
    this.#byes = all
  }

  /** Appends what `decide` drafts at the state's position. Resolves to the sequence, or `undefined` for no draft. */
  append(
    state: State,
    decide: (missed: Missed) => Draft | undefined,
    { joined, ...options }: CommitOptions & { readonly joined: Joined | undefined },
  ): Promise<number | undefined> {
    let bytes = 0
    const measured = (missed: Missed): Draft | undefined => {
      const draft = decide(missed)
      bytes = draft?.body.length ?? 0
      return draft
    }
    const after = positionOf(state)
    const store = this.#store
    const answer = joined ? join(store, after, measured, joined) : store.commit(after, measured, options)
    return this.#watched(answer, bytes)
  }

  /** Folds committed entries into the state; listeners hear of them with the next {@link tell}. */
  fold(state: State, entries: readonly Entry[], isOwn: (id: string) => boolean): void {
    for (const entry of entries) this.#apply(state, decodeEntry(entry), isOwn(entry.id))
  }

  /** Folds the entry that was drafted last, and appended: what its draft made of the state is kept where it can be. */
  landed(state: State, entry: LogEntry): void {
    // Whoever takes note of facts sees the state just past each.
    if (this.#noting.length === 0 && state.confirm(entry)) this.#folded(state, entry, true)
    else this.#apply(state, entry, true)
  }

  get #noting(): ReplicaListener[] {
    return [...this.#listeners].filter(({ fact }) => fact !== undefined)
  }

  #apply(state: State, entry: LogEntry, own: boolean): void {
    state.mono = this.#clock.monotonic()
    const noting = this.#noting
    state.apply(entry, (event) => {
      for (const listener of noting) listener.fact?.(event, state)
    })
    this.#folded(state, entry, own)
  }

  #folded(state: State, entry: LogEntry, own: boolean): void {
    this.#checkpointer.folded(state, entry, own)
    if (own) this.#relieved(entry.events.some(({ type }) => type === 'enqueued' || type === 'revised'))
    this.#news.push({ entry, own })
  }

  /** Tells listeners what was folded: never from inside a store's call. */
  tell(): void {
    const news = this.#news
    this.#news = []
    for (const { entry, own } of news) {
      for (const listener of [...this.#listeners]) listener.entry?.(entry, own)
    }
    const isLeft = this.#isLeft
    this.#isLeft = false
    if (isLeft) for (const listener of [...this.#listeners]) listener.left?.()
    if (!this.#isRelieved) return
    this.#isRelieved = false
    this.notify({ state: 'recovered' })
  }

  /** The store works again: whether something `grew` tells if there is room, too. */
  #relieved(grew: boolean): void {
    if (this.#trouble === undefined || (this.#trouble === 'quota' && !grew)) return
    this.#trouble = undefined
    this.#isRelieved = true
  }

  /** Writes the checkpoint that is due, if any, in the background. */
  checkpoint(): void {
    this.#checkpointer.look()
  }

  /** What the store answers, or throws, with a notice while it takes suspiciously long. */
  async #watched<T>(answer: Promise<T>, bytes: number): Promise<T> {
    let stalled = false
    const cancel = this.waits.after(stalledMs + bytes * stalledMsPerByte, () => {
      stalled = true
      this.notify({ state: 'stalled' })
    })
    try {
      return await answer
    } finally {
      cancel()
      if (stalled) this.notify({ state: 'recovered' })
    }
  }
}

/** The position that a decision on this state names. */
function positionOf(state: State): Position {
  return { log: state.log, seq: state.seq }
}

/** Nobody else can be alive beside an exclusive handle: whoever held jobs, or was sending, when it was opened is gone. */
function forgetHolders({ index, outboxes }: State): void {
  for (const worker of index.held.keys()) index.seen.set(worker, Number.NEGATIVE_INFINITY)
  for (const { sender } of outboxes.values()) {
    if (sender !== undefined) index.seen.set(sender, Number.NEGATIVE_INFINITY)
  }
}
