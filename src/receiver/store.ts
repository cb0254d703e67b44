import type { Rejection } from '../sync/wire.ts'

/**
 * What a receiver needs of a database: one small record per source, and transactions. This comment is the
 * specification; all stores of the library pass one suite of tests.
 *
 * **Atomicity.** An effect and a record that counts it are committed together, or neither is, also after a crash. A
 * store with interactive transactions commits a whole settlement at once; one without them (D1, where a transaction is
 * a list of statements) may commit at any step, with the record of that step. One that has no transactions at all
 * (memory) can only keep what the effects did.
 *
 * **Order.** Settlements of one source never overlap: each is decided on the record that the one before it left, by
 * whatever process that ran. Those of different sources may.
 *
 * **Duration.** Records are kept for ever. A device may come back after any time, and must find its mark.
 *
 * `Tx` is what an effect is given, `Answer` what it may return.
 */
export interface AckStore<Tx, Answer = unknown> {
  /**
   * Calls `decide` with the record of `source`, or `undefined` when there is none, and runs what it returns: each
   * yielded effect is called, with the transaction, before the settlement goes on. What an effect throws is thrown into
   * the settlement at that `yield`, after the effect's own writes, and no others, were undone.
   *
   * When the settlement returns a record, it is written; when it returns none, the old one stays. The promise resolves
   * with its `result` once all of it is committed. What the settlement itself throws rejects the promise, and
   * nothing more is written.
   *
   * A settlement may be abandoned, and `decide` called again on the record as it then is: when another came between,
   * or to commit it in smaller parts. What the abandoned one had yielded has then not happened, as far as the database
   * can tell, but for what the record counts.
   *
   * @throws TypeError when an effect returned what the store cannot take, such as a promise where the transaction
   * cannot wait for one: nothing more is written.
   * @throws what the database throws; nothing more is written, as far as it can tell.
   */
  settle<Result>(
    source: string,
    decide: (known: SourceRecord | undefined) => Settlement<Tx, Answer, Result>,
  ): Promise<Result>
}

/**
 * What is known of one source. Its strings are well-formed Unicode without control characters. As JSON it is under
 * 2 MB, unless the principal is long: as much as a row of D1 or of a Durable Object may have.
 */
export interface SourceRecord {
  /** The first who used the source, and the only one who may. */
  readonly principal: string
  /** The highest number settled: a safe integer from 1. A record is only ever replaced by one with a higher. */
  readonly mark: number
  /** The id of the event at the mark. */
  readonly id: string
  /** What was rejected, and whose sender may not have heard of it; oldest first, bounded by the receiver. */
  readonly rejected: readonly Rejection[]
}

/** An application's doing, inside the transaction. */
export type Effect<Tx, Answer = unknown> = (tx: Tx) => Answer

/** One effect of a settlement, and the record that counts it and everything before it. */
export interface Step<Tx, Answer = unknown> {
  readonly effect: Effect<Tx, Answer>
  readonly record: SourceRecord
}

/**
 * The steps of one settlement, as a generator: so that one and the same runs with and without waiting. One whose
 * effects succeeded, if only some, returns a record.
 */
export type Settlement<Tx, Answer, Result> = Generator<Step<Tx, Answer>, Settled<Result>, void>

/** What a settlement ends with. */
export interface Settled<Result> {
  /** The source's new record; absent to leave the old one. */
  readonly record?: SourceRecord | undefined
  readonly result: Result
}
