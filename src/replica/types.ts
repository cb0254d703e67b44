import type { Emit, LogEntry, LogEvent, Now } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Durability, Joined } from '../store/contract.ts'

/** What a decision has at hand. What it emits is folded at once, and undone before anybody else can look. */
export interface Drafting {
  readonly now: Now
  readonly emit: Emit
  /** The workers whose bye lies beside the log: as last read, and complete in a `fresh` submission. */
  readonly byes: ReadonlySet<string>
  /** What this entry holds so far. */
  readonly events: readonly LogEvent[]
  /** Keeps a large payload beside the log, in the same transaction. */
  put(id: string, value: unknown): void
  /** Deletes a large payload in the same transaction; none there is no error. */
  drop(id: string): void
  /** Deletes a bye in the same transaction. */
  forget(worker: string): void
}

/**
 * Decides on the state and emits facts. Synchronous, and free of other effects: it may run several times, each time on
 * the truth as it then is. What it returns is what its caller gets once that truth is committed; what it throws is
 * what its caller is rejected with, and nothing of it is kept.
 */
export type Decision<T> = (state: State, drafting: Drafting) => T

/** How a decision is to be committed. */
export interface SubmitOptions {
  /**
   * Read before deciding, so that byes are complete.
   *
   * @default false
   */
  readonly fresh?: boolean
  /**
   * A decision that only asks the riders to look. If nobody emits anything nothing is committed, nor read on purpose.
   *
   * @default false
   */
  readonly poke?: boolean
  /**
   * Brings new bytes in. When the store is full, such submissions are rejected alone and the rest is committed.
   *
   * @default false
   */
  readonly grows?: boolean
  /**
   * How many jobs it brings in: before many are decided on, others get a turn.
   *
   * @default 1
   */
  readonly size?: number
  /**
   * Decided, alone, after work of the application's in the same transaction. The work is done once: where that came to
   * nothing, the submission is rejected. What the decision throws undoes it.
   */
  readonly joined?: Joined | undefined
}

/** A decision that waits for its entry, and whom to tell: by one of the two, once. */
export interface Submission {
  readonly options: SubmitOptions
  decide(state: State, drafting: Drafting): unknown
  /** Called once what was decided is committed, with what the decision returned. */
  resolve(value: unknown): void
  /** Called with what {@link Replica.submit} would reject with. */
  reject(error: unknown): void
}

/**
 * Joins every entry that this replica drafts, after what was submitted: how claims ride along with completions and
 * enqueues. Runs under the rules of a {@link Decision}; the function it returns is called once the entry is committed,
 * or once it is sure that there was nothing to commit.
 */
export type Rider = (state: State, drafting: Drafting) => (() => void) | undefined

/** What a replica tells of its store. */
export type StoreNotice =
  | { readonly state: 'opened' | 'stalled' | 'recovered' | 'closed' }
  /** Positions were lost sight of; what happened in between was not seen event by event. */
  | { readonly state: 'reloaded' }
  /** The engine dropped a log that it could not read any more; told before `opened`, or `replaced`. */
  | { readonly state: 'lost' }
  /** The log was deleted and made anew: every job in it is gone. */
  | { readonly state: 'replaced' }
  | { readonly state: 'quota' | 'failing' | 'down'; readonly error: unknown }

/** Who listens to a replica. Called after a commit or a read, never inside one; must not throw. */
export interface ReplicaListener {
  /**
   * A committed fact was folded, and `state` is just past it. Called inside a store's call: only to take note of what
   * the facts after it may do away with. Absent while there is nothing to note: then facts need not be folded one by
   * one.
   */
  readonly fact?: ((event: LogEvent, state: State) => void) | undefined
  /** An entry was committed, by this replica (`own`) or another, and folded. `state` is already past it. */
  entry?(entry: LogEntry, own: boolean): void
  notice?(notice: StoreNotice): void
  /** Another context said goodbye; see {@link Replica.byes}. */
  left?(): void
}

/** One context's state, kept level with the log. */
export interface Replica {
  /** The last committed state, or `undefined` before the log was loaded. Never speculative. */
  readonly state: State | undefined
  /** This replica's name in entry ids; minted by the first use. */
  readonly writer: string
  /** Resolves to the committed state once the log is loaded. */
  open(): Promise<State>
  /**
   * Decides, and resolves once what was decided is committed. Everything submitted while a commit is in flight joins
   * the next entry.
   *
   * @throws what the decision threw; or a `QueueError`: `outcome-unknown` when it cannot be told whether the entry was
   * committed, any other code when it surely was not.
   */
  submit<T>(decision: Decision<T>, options?: SubmitOptions): Promise<T>
  /** {@link Replica.submit}, for what is submitted for each job: told by calls instead of a promise. */
  enter(submission: Submission): void
  /** Asks the riders to look, soon. Errors go to `notice`. */
  poke(): void
  /** Reads what others appended, if anything. */
  catchUp(): Promise<void>
  /** Resolves when what is being committed or read right now is. */
  idle(): Promise<void>
  /** Lets a rider join all entries, until the returned function is called. */
  ride(rider: Rider): () => void
  listen(listener: ReplicaListener): () => void
  /** A large payload, by job id. */
  payload(id: string): Promise<unknown>
  /** Puts a worker's bye beside the log, at once and without waiting for anything under way. */
  leave(worker: string): Promise<void>
  /** The workers whose bye was seen at the last read. */
  readonly byes: ReadonlySet<string>
  /** Whether this context works: then hints are followed at once, else at most four times a second. */
  eager: boolean
  /** Waits for the commit in flight, rejects what waits with `closed`, and closes the store. */
  close(): Promise<void>
}

/** The user's choice: `auto` is `strict` for what a caller was promised or the outside world has seen, else `relaxed`. */
export type DurabilityChoice = 'auto' | Durability
