import { type ExpectedBody, type ForkBody, lostIdOf, type Rejection, type SettledBody } from '../sync/wire.ts'
import { type Ack, RejectAck } from './ack.ts'
import type { Batch } from './batch.ts'
import type { Settlement, SourceRecord } from './store.ts'

/** Rejections kept per source, for a sender that did not hear of them. */
const maxRejections = 1_000
const maxCodeLength = 64
const maxMessageLength = 500

/** What becomes of a batch. */
export type Outcome =
  | { readonly type: 'told'; readonly status: 200; readonly body: SettledBody }
  | { readonly type: 'told'; readonly status: 409; readonly body: ExpectedBody | ForkBody }
  | { readonly type: 'bound' }
  /** `onAck` threw: what came before is settled. */
  | { readonly type: 'failed'; readonly error: unknown; readonly ack: Ack }

/**
 * Settles one batch on what is known of its source. Nothing changes unless the batch is the source owner's, continues
 * or repeats what is known, and does not contradict it.
 */
export function* settle<Tx, Answer>(
  known: SourceRecord | undefined,
  principal: string,
  batch: Batch,
  onAck: (ack: Ack, tx: Tx) => Answer,
): Settlement<Tx, Answer, Outcome> {
  const refused = refusal(known, principal, batch)
  if (refused) return { result: refused }
  let record: SourceRecord | undefined
  // Told again are all rejections from the batch's first number, also those past its last: the sender takes everything
  // up to `acknowledged` for settled, whichever request settled it. It has heard of those before its first.
  let rejected = known?.rejected.filter(({ sequence }) => sequence >= batch.first) ?? []
  for (const { to, id, ack } of batch.items) {
    if (to <= (known?.mark ?? 0)) continue
    if (ack) {
      try {
        yield { effect: (tx) => onAck(ack, tx), record: { principal, mark: to, id, rejected } }
      } catch (error) {
        if (!(error instanceof RejectAck)) return { record, result: { type: 'failed', error, ack } }
        rejected = [...rejected, rejectionOf(error, to)].slice(-maxRejections)
      }
    }
    record = { principal, mark: to, id, rejected }
  }
  const { mark: acknowledged, id } = record ?? known ?? { mark: 0, id: '' }
  return { record, result: { type: 'told', status: 200, body: { acknowledged, id, rejected } } }
}

function rejectionOf({ code, message }: RejectAck, sequence: number): Rejection {
  return { sequence, code: clipped(code, maxCodeLength), message: clipped(message, maxMessageLength) }
}

function clipped(text: string, length: number): string {
  return String(text)
    .slice(0, length)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '\ufffd')
}

function refusal(known: SourceRecord | undefined, principal: string, batch: Batch): Outcome | undefined {
  if (known !== undefined) {
    if (known.principal !== principal) return { type: 'bound' }
    if (contradicts(known, batch.previous) || batch.items.some((item) => contradicts(known, item))) {
      return conflict({ fork: true })
    }
  }
  const expected = (known?.mark ?? 0) + 1
  return batch.first > expected ? conflict({ expected }) : undefined
}

function conflict(body: ExpectedBody | ForkBody): Outcome {
  return { type: 'told', status: 409, body }
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
