/**
 * What a queue needs of an engine: a log whose append names the position it was decided at, a checkpoint, and large
 * payloads beside them. This comment is the specification; `storeConformance` of `holdfast/testing` checks it.
 *
 * **Names.** A {@link StoreFactory} opens a store by queue name. Handles of one name of one `identity` share all data,
 * in every context that can reach it. Nothing is touched before the first call; a factory call never throws for a
 * reason of the engine.
 *
 * **Positions.** A position is the log's id and a sequence. The id is made (at random) with the log; sequences start
 * at 1 and grow by one an entry; an empty log is at 0. A draft that was refused may have used up one sequence, which no
 * entry has then. The head is the last sequence used. Truncation never moves the head, nor reuses a sequence.
 *
 * **Atomicity.** Each method is one atomic step: seen whole by others, or not at all, also after a crash. A promise
 * resolves when the data is committed and rejects, with a {@link QueueError}, when it is known not to be, or with
 * `uncertain: true` when it cannot be told (no answer came).
 *
 * **Errors.** `closed` after `close()` or `destroy()` of this handle, for every method alike, waiting ones included;
 * `store-unavailable` when the engine cannot be opened; `quota-exceeded`; `store-failed` for the rest. Values read
 * back that are not as written are `store-corrupt`.
 *
 * A store holds no policy: it retries nothing but its own opening, parses no body, and knows nothing of jobs.
 */
export interface Store {
  /** Names the shared data, such as `indexeddb:holdfast:photos`: two handles of one identity share everything. */
  readonly identity: string
  /** An entry's `body` may be at most this many UTF-16 code units long; a longer draft is refused with a RangeError. */
  readonly maxEntryBytes: number
  /** At most one live handle exists at a time anywhere, so whatever ran before `load()` is over (a Durable Object). */
  readonly exclusive: boolean
  /** Whether what is committed outlives the process. */
  readonly durable: boolean
  /**
   * Whether the Web Locks of one context are seen by all others that can open this data. `false` where processes share
   * a file: Node's locks end at the process, so that another's holder would be taken for gone.
   *
   * @default true
   */
  readonly sharesLocks?: boolean

  /**
   * Asked for each payload that is to lie beside the log, before its put joins an entry that others share. Absent where
   * whatever can be cloned can be stored.
   *
   * @throws `payload-not-storable`, with the field as `path`.
   */
  readonly assertStorable?: ((value: unknown) => void) | undefined

  /** One consistent snapshot. Creates the log when there is none. */
  load(): Promise<Snapshot>

  /**
   * The entries after `after`, oldest first, and all byes, in one consistent read.
   *
   * @throws `log-behind` when entries after `after` were truncated away, `log-replaced` when the log has another id.
   */
  read(after: Position): Promise<Missed>

  /**
   * Appends what `decide` drafts, if and only if the head is still where it was decided.
   *
   * First, unless `fresh`, `decide` is called with nothing missed, and its draft is appended if the head is still
   * `after`. If it is not, nobody ever reads that draft, and the store reads what was missed (as {@link read} does),
   * calls `decide` with it, and appends, *in one step*: so the second draft cannot be refused. With `fresh` only the
   * second half happens. An engine that cannot do that in one step repeats it with jitter, and stays fair.
   *
   * Each `decide` call is given the entries since the one before, so that what it folded before is not given again.
   * Where only refused drafts came between, it is called with nothing missed once more. `decide` is synchronous; what
   * it throws rejects the call, unchanged, and nobody reads anything of it. `undefined` from it means: nothing to
   * append; the call resolves to `undefined`.
   *
   * The draft's entry, payload puts and deletes, and forgotten byes are committed together. A position ahead of the
   * head, as long as nothing took its place, or of another log, is `log-replaced`; entries that were truncated before
   * they were read, `log-behind`.
   *
   * @returns the appended entry's sequence, or `undefined` when `decide` drafted nothing.
   */
  commit(after: Position, decide: Decide, options?: CommitOptions): Promise<number | undefined>

  /**
   * As a `fresh` {@link commit}, in one transaction with what `joined.work` does to the application's own data: both
   * are committed, or neither. What was missed is read first; then `work` runs, once; then `decide` is called. What
   * either throws rejects the call, unchanged. Where `decide` drafts nothing, the work is committed alone.
   *
   * Absent where the application's data is not in the engine.
   *
   * @throws TypeError when one of `joined.stores` is not there.
   */
  readonly join?:
    | ((after: Position, decide: Decide, joined: Joined) => Promise<number | undefined>)
    | undefined

  /** A payload kept beside the log, by primary key, cloned; `undefined` when there is none. */
  payload(id: string): Promise<unknown>

  /**
   * Replaces the given pages (an empty body removes one), moves the mark to `through` and drops the log up to `floor`, a
   * sequence that is `through`'s unless it is lower: what is kept lets those who are a little behind read on.
   * Does nothing, and resolves to `false`, when the mark is at or past `through`, when `through` is ahead of the head, or
   * when the log has another id.
   */
  checkpoint(through: Position, pages: readonly Page[], floor?: number): Promise<boolean>

  /**
   * Calls `listener` some time after another handle of this identity appended, or left: a hint, which may be lost,
   * late or spurious. Never called for this handle's own doing, nor after the returned function was called.
   */
  subscribe(listener: () => void): () => void

  /**
   * Puts a worker's bye beside the log. Started synchronously, without waiting for anything that is under way, since
   * the page may be gone a moment later.
   */
  leave(worker: string): Promise<void>

  /** How full the origin is, where the engine can tell. */
  estimate?(): Promise<{ readonly usage: number; readonly quota: number }>

  /** Erases the log, its checkpoint, payloads and byes for every handle, and closes this one. */
  destroy(): Promise<void>

  /** Closes this handle. Idempotent; calls that wait are rejected with `closed` or answered. */
  close(): Promise<void>
}

/** Opens (lazily) the store of one queue. */
export type StoreFactory = (queueName: string) => Store

/** A place in one log. */
export interface Position {
  readonly log: string
  readonly seq: number
}

/** One atomic append. `id` is its writer's (`writer:counter`); `body` is opaque to the store. */
export interface Entry {
  readonly seq: number
  readonly id: string
  readonly body: string
}

/** A piece of the checkpoint; `body` is opaque to the store. */
export interface Page {
  readonly id: string
  readonly body: string
}

/** Everything a replica starts from. */
export interface Snapshot {
  readonly log: string
  /** The sequence up to which the pages speak. */
  readonly mark: number
  readonly pages: readonly Page[]
  /** Every entry after the mark, oldest first. */
  readonly entries: readonly Entry[]
  /** The workers that left. */
  readonly byes: readonly string[]
  /** The engine says that this log is new because it dropped one that it could not read any more. */
  readonly isLost?: boolean | undefined
}

/** What happened since a position. */
export interface Missed {
  readonly entries: readonly Entry[]
  /** The workers that left and were not forgotten yet; always all of them. */
  readonly byes: readonly string[]
}

/** What to append, with what must be committed beside it. */
export interface Draft {
  readonly id: string
  readonly body: string
  readonly put?: readonly PayloadPut[]
  /** Ids of payloads to delete; one that is not there is no error. */
  readonly delete?: readonly string[]
  /** Byes to delete. */
  readonly forget?: readonly string[]
  /** `strict`: on the disk before the promise resolves. `relaxed`: handed to the operating system. */
  readonly durability: Durability
}

/** A large or binary payload to be kept beside the log; any structured-cloneable value. */
export interface PayloadPut {
  readonly id: string
  readonly value: unknown
}

export type Durability = 'strict' | 'relaxed'

/** Called with what was missed; `byes` is empty on the optimistic first call. */
export type Decide = (missed: Missed) => Draft | undefined

/** What an application does in the transaction of an append; see {@link Store.join}. */
export interface Joined {
  /** The application's own object stores, or tables, that it is to reach. */
  readonly stores: readonly string[]
  /** Called with the engine's transaction, which is kept alive until the promise settles. */
  readonly work: (transaction: unknown) => Promise<void>
  /**
   * Called again and again while `work` is pending and the transaction would otherwise end; `isBusy` says whether
   * `work` made use of it since the last call. What it throws ends the wait: the transaction is aborted.
   */
  readonly wait: (isBusy: boolean) => void
}

/** Options of {@link Store.commit}. */
export interface CommitOptions {
  /**
   * Read first, then decide and append in the same step. For decisions that rest on byes, or on nothing having
   * happened.
   *
   * @default false
   */
  readonly fresh?: boolean
  /**
   * No draft will ask for more than `relaxed`. A step that reads first begins before there is a draft, and is `strict`
   * otherwise.
   *
   * @default false
   */
  readonly relaxed?: boolean
}
