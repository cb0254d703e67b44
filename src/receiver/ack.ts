import type { CompletedData, DeadData } from '../sync/wire.ts'

interface AckEnvelope {
  /** Whom `authenticate` took the request's sender for. */
  readonly principal: string
  /** One outbox of one queue on one device: `/holdfast/<queue>/<outbox id>`. */
  readonly source: string
  /** The queue's name. */
  readonly queue: string
  /** 1, 2, 3, … without a gap within a source. */
  readonly sequence: number
  /** `<sequence>-<job id>`; unique within a source. */
  readonly id: string
  /** The job's id. */
  readonly subject: string
  /** When the job finished, by the device's clock (RFC 3339). */
  readonly time: string
}

/** A job that completed. */
export interface CompletedAck extends AckEnvelope {
  readonly type: 'completed'
  readonly data: CompletedData
}

/** A job that went to the dead letters. */
export interface DeadAck extends AckEnvelope {
  readonly type: 'dead'
  readonly data: DeadData
}

/**
 * One acknowledgement: a job on a device is finished. A redriven job finishes again, and after a restored profile a
 * finish may be told again under another source: the highest `data.finish` of one `subject` is what counts.
 */
export type Ack = CompletedAck | DeadAck

/**
 * Thrown by `onAck` to refuse one acknowledgement for good: its number counts as settled, and the device lists it
 * among its `rejectedAcks()`. `code` is kept to 64 characters, `message` to 500.
 *
 * @example
 * ```ts
 * import { RejectAck } from 'holdfast/receiver'
 *
 * function mustKnow(kind: string): void {
 *   if (kind !== 'upload') throw new RejectAck('unknown-kind', `Nothing is known of the kind ${kind}`)
 * }
 * mustKnow('upload')
 * ```
 */
export class RejectAck extends Error {
  override readonly name = 'RejectAck'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
