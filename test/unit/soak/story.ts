import type { Evidence } from '../../soak/oracle/evidence.ts'
import type { Look } from '../../soak/page/page.ts'
import type { Ended, KindName, Told } from '../../soak/page/told.ts'
import { createRecord, type Fault, type Record } from '../../soak/record.ts'
import type { AppliedAck, Upload } from '../../soak/server.ts'

export interface Enqueued {
  readonly kind?: KindName
  readonly by?: string
  readonly key?: string
  readonly askedAt?: number
  /** When it resolved. */
  readonly at?: number
}

export interface Delivered {
  readonly kind?: KindName
  readonly epoch?: number
  readonly by?: string
  /** When the handler was called; its upload takes effect at the next instant. */
  readonly at?: number
  /** When the handler was over; by itself two instants after it was called. `undefined`: it told nothing of that. */
  readonly until?: number | undefined
  readonly how?: Ended['how']
  /** Why its signal aborted. */
  readonly code?: string
  readonly isAnswerLost?: boolean
  readonly tookEffect?: boolean
}

export interface Ending {
  readonly at?: number
  /** Why it is dead. */
  readonly reason?: string
  readonly source?: string
  /** By itself the next one of its source. */
  readonly sequence?: number
}

/** A soak by hand: what contexts tell, what the server records and what is done to them, on one clock. */
export interface Story {
  readonly evidence: Evidence
  readonly record: Record
  /** A context's own words. */
  tell(context: string, told: Told): void
  enqueue(job: string, given?: Enqueued): void
  /** The handler is called, its upload takes effect, and it ends. */
  deliver(job: string, given?: Delivered): void
  /** The upload alone: nobody was called for it. */
  upload(job: string, given?: Delivered): void
  /** The queue tells that it ended, and the server hears of it. */
  end(job: string, given?: Ending): void
  /** An event of a worker; `until` `undefined`: it was not told to be over. */
  event(by: string, from: number, until?: number): void
  /** From the one instant to the other these contexts could be interrupted. */
  fault(from: number, until: number, ...contexts: readonly string[]): void
  /** The database is made, because there is none. */
  make(at: number, isDropped?: boolean, by?: string): void
}

/** What a tab sees when everything is done. */
export const nothingLeft: Look = { scheduled: 0, pending: 0, running: 0, unsent: 0, dead: [], stuck: [] }

/** A soak that has the database made, and nothing else. */
export function story(): Story {
  const record = createRecord()
  const uploads: Upload[] = []
  const acks: AppliedAck[] = []
  let [number, events] = [0, 0]
  const tell = (context: string, told: Told): void => {
    number += 1
    record.hear({ context, number, told })
  }
  const make: Story['make'] = (at, isDropped = false, by = 'tab-1') =>
    tell(by, { type: 'made', isDropped, why: isDropped ? 'it was damaged' : '', at })
  const upload: Story['upload'] = (job, given = {}) => void uploads.push(uploadOf(job, given))
  make(0)
  return {
    ...{ evidence: { record, server: { uploads, acks, complaints: [] } }, record, tell, make, upload },
    enqueue(job, { kind = 'note', by = 'tab-1', key, at = 10, askedAt = at - 1 } = {}) {
      tell(by, { type: 'taken', id: job, kind, outcome: 'created', key, askedAt, at })
    },
    deliver(job, given = {}) {
      const { epoch = 1, by = 'tab-1', at = 20, how = 'returned', code } = given
      tell(by, { type: 'started', id: job, epoch, at })
      upload(job, given)
      const until = 'until' in given ? given.until : at + 2
      if (until !== undefined) tell(by, { type: 'ended', id: job, epoch, how, code, at: until })
    },
    end(job, { at = 30, reason, source = 'the outbox', sequence } = {}) {
      tell('tab-1', { type: 'finished', id: job, at })
      const next = 1 + acks.filter((ack) => ack.source === source).length
      const type = reason === undefined ? 'completed' : 'dead'
      acks.push({ source, sequence: sequence ?? next, subject: job, finish: 1, type, reason, at })
    },
    event(by, from, until) {
      events += 1
      tell(by, { type: 'event', number: events, what: 'began', at: from })
      if (until !== undefined) tell(by, { type: 'event', number: events, what: 'ended', at: until })
    },
    fault(from, until, ...contexts) {
      const fault: Fault = { kind: 'crash', variant: undefined, from, until, contexts: new Set(contexts) }
      record.faults.push(fault)
    },
  }
}

function uploadOf(job: string, given: Delivered): Upload {
  const { kind = 'note', epoch = 1, by = 'tab-1', at = 20, isAnswerLost = false, tookEffect = true } = given
  const times = { receivedAt: at + 1, effectAt: tookEffect ? at + 1 : undefined }
  return { job, idempotencyKey: `${job}-1`, kind, key: '', epoch, context: by, ...times, isAnswerLost }
}

/** One job's whole life, in which nothing goes wrong. */
export function livesWell({ enqueue, deliver, end }: Story, job: string, by = 'tab-1'): void {
  enqueue(job)
  deliver(job, { by })
  end(job)
}
