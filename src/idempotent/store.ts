/**
 * What `idempotent` needs of a database: one row per key, and transactions. This comment is the specification; every
 * store of the library passes one suite of tests, in each runtime it is for.
 *
 * **Atomicity.** {@link ResponseStore.run} is one transaction: what the handler does through `tx`, and the response
 * that is kept, are committed together or not at all, also when the process is killed. A store without transactions
 * (memory) keeps what the handler did, and says so.
 *
 * **First wins.** Of the runs of one key, by whatever context or process, at most one is committed as long as its
 * response is kept. The others resolve with that response, and nothing of what they did through `tx` remains. Whether
 * their handlers are called at all is the store's affair: a store that locks need not, one that races must.
 *
 * **Freedom.** A run that is not final, that threw, or whose process died leaves no trace: the next one of its key
 * begins as if there had been none. No lock outlives its holder.
 *
 * **Duration.** A response is kept until its `expiresAt`, and is not there from then on, whether its row is or not.
 * Rows past it are removed a few at a time, along with what is written anyway.
 */
export interface ResponseStore<Tx, Answer> {
  /** The response that is kept under a key, if any is. May miss one that is being committed. */
  find(id: KeyId, now: number): Promise<KeptResponse | undefined>

  /**
   * Resolves with what is kept under `attempt.id`; or else calls the handler with the transaction, asks `judge` about
   * its answer, keeps what that says, and resolves once all is committed, or undone.
   *
   * @throws what the handler, `judge` or the database threw; everything is undone then.
   * @throws TypeError when the handler returned what this store cannot keep.
   */
  run(attempt: Attempt<Tx, Answer>): Promise<Outcome>
}

/** Whose key it is: keys of different principals have nothing to do with each other. */
export interface KeyId {
  readonly principal: string
  readonly key: string
}

/** A whole response, its body read. */
export interface Snapshot {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** A response under its key. */
export interface KeptResponse extends Snapshot {
  /** Which request it answers. */
  readonly fingerprint: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** One call of a handler. */
export interface Attempt<Tx, Answer> {
  /** Under which key the response is kept; `undefined` to keep none. */
  readonly id: KeyId | undefined
  /** Whether nothing will be written (GET and the like), so that no lock for writing is needed. */
  readonly isReadOnly: boolean
  /** Epoch milliseconds. */
  readonly now: number
  /** How long to wait for another run of the key, or for the database, in milliseconds. */
  readonly waitMs: number
  /** How much of a body has to be read for `judge`: it refuses a larger one. */
  readonly maxBytes: number
  readonly handle: (tx: Tx) => Answer
  /** Without an `id`, nothing but the status has to be told. */
  readonly judge: (snapshot: Snapshot) => Judgement
}

/** What becomes of an answer. */
export interface Judgement {
  /** Whether what the handler did is committed; it is undone otherwise. */
  readonly isFinal: boolean
  /** What is kept under the key; only with an `id`, and when final. */
  readonly keep?: KeptResponse
}

/** What became of a run. */
export type Outcome =
  /** A response is kept, from another run. */
  | { readonly type: 'kept'; readonly kept: KeptResponse }
  /** The handler's own answer; it is kept if there is an `id` and it is final. */
  | { readonly type: 'ran'; readonly response: Response }
  /** Nothing was done: for all of `waitMs`, another run of the key went on, or the database was locked. */
  | { readonly type: 'busy'; readonly what: 'key' | 'database' }
