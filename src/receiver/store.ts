import type { Rejection } from '../sync/wire.ts'

/**
 * What a receiver needs of a database: one small record per source, and transactions. This comment is the
 * specification; both stores of the library pass one suite of tests.
 *
 * **Atomicity.** {@link AckStore.settle} is one transaction: it reads the source's record, performs the effects, and
 * writes the record that the settlement returns, or none of it, also after a crash. Where the database has
 * transactions, the effects are inside; a store without them (memory) can only keep what they did.
 *
 * **Order.** Settlements of one source never overlap: each sees the record that the one before it left, by whatever
 * process that ran. Those of different sources may.
 *
 * **Duration.** Records are kept for ever. A device may come back after any time, and must find its mark.
 */
export interface AckStore<Tx> {
  /**
   * Calls `decide` with the record of `source`, or `undefined` when there is none, and runs what it returns: each
   * yielded effect is called once, with the transaction, before the settlement goes on. What an effect throws is
   * thrown into the settlement at that `yield`, after the effect's own writes, and no others, were undone.
   *
   * When the settlement returns a record, it is written; when it returns none, the old one stays. The promise resolves
   * with its `result` once all of it is committed. What the settlement itself throws rejects the promise, and
   * nothing is written.
   *
   * @throws TypeError when an effect returned a promise and the transaction cannot wait for one: nothing is written.
   * @throws what the database throws; nothing is written, as far as it can tell.
   */
  settle<Result>(
    source: string,
    decide: (known: SourceRecord | undefined) => Settlement<Tx, Result>,
  ): Promise<Result>
}

/** What is known of one source. Its strings are well-formed Unicode without control characters. */
export interface SourceRecord {
  /** The first who used the source, and the only one who may. */
  readonly principal: string
  /** The highest number settled: a safe integer from 1. */
  readonly mark: number
  /** The id of the event at the mark. */
  readonly id: string
  /** What was rejected, and whose sender may not have heard of it; oldest first, bounded by the receiver. */
  readonly rejected: readonly Rejection[]
}

/** An application's doing, inside the transaction. */
export type Effect<Tx> = (tx: Tx) => unknown

/** The steps of one settlement, as a generator: so that one and the same runs with and without waiting. */
export type Settlement<Tx, Result> = Generator<Effect<Tx>, Settled<Result>, void>

/** What a settlement ends with. */
export interface Settled<Result> {
  /** The source's new record; absent to leave the old one. */
  readonly record?: SourceRecord
  readonly result: Result
}
