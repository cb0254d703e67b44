import type { Acked, Forked, Sending, SetAside } from './ack-events.ts'
import type { Job } from './job.ts'
import { type Ack, ackId, maxRejects, type Outbox } from './rows.ts'
import type { Tables } from './tables.ts'

/** The key of an ack: its owner and number. */
export function ackKey(owner: string, sequence: number): string {
  return `${owner}\0${sequence}`
}

/** Gives a finish the outbox's next number, in the same entry; `wanted` is the id a first outbox gets. */
export function queued(state: Tables, job: Job, wanted: string): Job {
  const { owner } = job
  const outbox = state.outboxes.get(owner) ?? { owner, id: wanted, last: 0, acked: 0, rejects: 0 }
  const sequence = outbox.last + 1
  state.outboxes.put(owner, { ...outbox, last: sequence })
  state.acks.put(ackKey(owner, sequence), ackOf(job, sequence))
  return { ...job, ack: 'queued', sequence }
}

function ackOf(job: Job, sequence: number): Ack {
  const { owner, id, kind, key, attempt, finish = 1, enqueuedAt, finishedAt = 0, result } = job
  const facts = { owner, sequence, id, kind, key, attempt, finish, enqueuedAt, finishedAt }
  if (job.state !== 'dead') return { ...facts, type: 'completed', result }
  return { ...facts, type: 'dead', reason: job.reason, error: job.failures?.at(-1) }
}

export function sending(state: Tables, { owner, sender }: Sending): void {
  const outbox = state.outboxes.get(owner)
  if (outbox) state.outboxes.put(owner, { ...outbox, sender })
  state.index.seen.set(sender, state.mono)
}

export function acked(state: Tables, event: Acked): void {
  const { owner, through = 0, rejected = [] } = event
  const outbox = state.outboxes.get(owner)
  if (outbox === undefined) return
  const refused = new Map(rejected.map((reject) => [reject.sequence, reject]))
  let { rejects, ackedId } = outbox
  for (let sequence = outbox.acked + 1; sequence <= through; sequence++) {
    const ack = state.acks.get(ackKey(owner, sequence))
    ackedId = ack && ackId(sequence, ack.id)
    if (ack === undefined) continue
    state.acks.put(ackKey(owner, sequence), undefined)
    const reject = refused.get(sequence)
    if (reject) keepReject(state, ack, reject, ++rejects)
    mark(state, ack, reject ? 'rejected' : 'acked')
  }
  const acked = Math.max(outbox.acked, through)
  ackedId = event.id ?? ackedId
  const sender = outbox.sender === event.sender ? undefined : outbox.sender
  state.outboxes.put(owner, { ...outbox, acked, ackedId, rejects, sender })
}

export function setAside(state: Tables, event: SetAside): void {
  const { owner, sequence } = event
  const ack = state.acks.get(ackKey(owner, sequence))
  const outbox = state.outboxes.get(owner)
  if (ack === undefined || outbox === undefined) return
  const rejects = outbox.rejects + 1
  state.acks.put(ackKey(owner, sequence), undefined)
  keepReject(state, ack, event, rejects)
  mark(state, ack, 'rejected')
  state.outboxes.put(owner, { ...outbox, rejects })
}

/** What is unsettled counts from 1 in a new outbox, in the order it had. */
export function forked(state: Tables, { owner, outbox: id }: Forked): void {
  const old = state.outboxes.get(owner)
  if (old === undefined) return
  const unsettled: Ack[] = []
  for (let sequence = old.acked + 1; sequence <= old.last; sequence++) {
    const ack = state.acks.get(ackKey(owner, sequence))
    if (ack) unsettled.push(ack)
    state.acks.put(ackKey(owner, sequence), undefined)
  }
  unsettled.forEach((ack, position) => {
    const sequence = position + 1
    state.acks.put(ackKey(owner, sequence), { ...ack, sequence })
    const job = state.jobs.get(ack.id)
    if (job?.sequence === ack.sequence && job.finish === ack.finish)
      state.jobs.put(job.id, { ...job, sequence })
  })
  const anew: Outbox = {
    owner,
    id,
    last: unsettled.length,
    acked: 0,
    rejects: old.rejects,
    sender: old.sender,
  }
  state.outboxes.put(owner, anew)
}

function keepReject(
  state: Tables,
  ack: Ack,
  reason: { code: string; message: string },
  number: number,
): void {
  const { code, message } = reason
  state.rejects.put(ackKey(ack.owner, number), { ...ack, number, code, message })
  state.rejects.put(ackKey(ack.owner, number - maxRejects), undefined)
}

function mark(state: Tables, ack: Ack, to: 'acked' | 'rejected'): void {
  const job = state.jobs.get(ack.id)
  if (job?.sequence === ack.sequence && job.finish === ack.finish) state.jobs.put(job.id, { ...job, ack: to })
}
