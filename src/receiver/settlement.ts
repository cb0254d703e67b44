import { lostIdOf, type Rejection } from '../sync/wire.ts'
import { type Ack, RejectAck } from './ack.ts'
import type { Batch, Item } from './batch.ts'
import type { Settled, Settlement, SourceRecord } from './store.ts'

/** Rejections kept per source, for a sender that did not hear of them. */
const maxRejections = 1_000
const maxCodeLength = 64
const maxMessageLength = 500

/** What becomes of a batch. */
export type Outcome =
  | {
      readonly type: 'settled'
      readonly acknowledged: number
      readonly id: string
      readonly rejected: readonly Rejection[]
    }
  | { readonly type: 'expected'; readonly expected: number }
  | { readonly type: 'fork' }
  | { readonly type: 'bound' }
  /** `onAck` threw: what came before is settled. */
  | { readonly type: 'failed'; readonly error: unknown; readonly ack: Ack }

/**
 * Settles one batch on what is known of its source. Nothing changes unless the batch is the source owner's, continues
 * or repeats what is known, and does not contradict it.
 */
export function* settle<Tx>(
  known: SourceRecord | undefined,
  principal: string,
  batch: Batch,
  onAck: (ack: Ack, tx: Tx) => unknown,
): Settlement<Tx, Outcome> {
  const refused = refusal(known, principal, batch)
  if (refused) return { result: refused }
  let reached = known ?? { principal, mark: 0, id: '', rejected: [] }
  for (const item of batch.items) {
    if (item.to <= reached.mark) continue
    const delivery = yield* deliver(item, onAck)
    if (delivery.failed) return { ...changed(known, reached, batch), result: delivery.failed }
    const rejected = delivery.rejection ? [...reached.rejected, delivery.rejection] : reached.rejected
    reached = { principal, mark: item.to, id: item.id, rejected }
  }
  return { ...changed(known, reached, batch), result: settled(reached, batch) }
}

interface Delivery {
  readonly failed?: Outcome & { readonly type: 'failed' }
  readonly rejection?: Rejection
}

function* deliver<Tx>(
  { ack, to }: Item,
  onAck: (ack: Ack, tx: Tx) => unknown,
): Generator<(tx: Tx) => unknown, Delivery, void> {
  if (ack === undefined) return {}
  try {
    yield (tx) => onAck(ack, tx)
    return {}
  } catch (error) {
    if (!(error instanceof RejectAck)) return { failed: { type: 'failed', error, ack } }
    const code = clipped(error.code, maxCodeLength)
    return { rejection: { sequence: to, code, message: clipped(error.message, maxMessageLength) } }
  }
}

function clipped(text: string, length: number): string {
  return String(text).slice(0, length).toWellFormed()
}

function refusal(known: SourceRecord | undefined, principal: string, batch: Batch): Outcome | undefined {
  if (known !== undefined) {
    if (known.principal !== principal) return { type: 'bound' }
    if (contradicts(known, batch.previous) || batch.items.some((item) => contradicts(known, item))) {
      return { type: 'fork' }
    }
  }
  const expected = (known?.mark ?? 0) + 1
  return batch.first > expected ? { type: 'expected', expected } : undefined
}

/**
 * Two events under one number: a restored or cloned profile has given it out again. A loss is no contradiction, it
 * only says that the sender has nothing there (it set aside an acknowledgement whose answer never came).
 */
function contradicts(
  known: SourceRecord,
  claim: { readonly to: number; readonly id: string } | undefined,
): boolean {
  if (claim === undefined || claim.to !== known.mark) return false
  return claim.id !== known.id && claim.id !== lostIdOf(claim.to)
}

/** The record, unless nothing moved. A sender that begins at `first` has heard of everything before it. */
function changed(
  known: SourceRecord | undefined,
  reached: SourceRecord,
  batch: Batch,
): Pick<Settled<Outcome>, 'record'> {
  if (reached.mark === (known?.mark ?? 0)) return {}
  return { record: { ...reached, rejected: unheard(reached, batch).slice(-maxRejections) } }
}

/**
 * Told again are all rejections from the batch's first number, also those past its last: the sender takes everything
 * up to `acknowledged` for settled, whichever request settled it.
 */
function settled(reached: SourceRecord, batch: Batch): Outcome {
  const { mark, id } = reached
  return { type: 'settled', acknowledged: mark, id, rejected: unheard(reached, batch) }
}

function unheard({ rejected }: SourceRecord, { first }: Batch): readonly Rejection[] {
  return rejected.filter(({ sequence }) => sequence >= first)
}
