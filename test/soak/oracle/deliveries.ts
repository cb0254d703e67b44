import { deadlineMs } from '../page/deadline.ts'
import type { By, Fault, Record } from '../record.ts'
import type { Ended } from '../page/told.ts'
import type { Upload } from '../server.ts'
import type { Evidence, Verdict } from './evidence.ts'
import { grouped } from './grouped.ts'

/** How much sooner than it was set for a timer may go off, as the wall clock has it (milliseconds). */
const timerMs = 50

/** An upload that took effect: a raw delivery. */
interface Delivery extends Upload {
  readonly effectAt: number
  /** When its handler was called. One that told nothing of it was in a context that died. */
  readonly startedAt: number
  /** Until when it could be interrupted: the job's end was on the disk, or its handler was over without one. */
  readonly openUntil: number
}

/**
 * A job is delivered again only because a fault met it in flight: its upload was under way, or had taken effect without the
 * job's end being on the disk.
 *
 * In flight at a fault are the jobs with a delivery that (1) was sent by one of the contexts that the fault could interrupt, (2)
 * by a handler that was called before the fault had come to pass, and (3) that was still open when the fault was ordered. It is
 * open until some context was told by the queue that the job has ended, which is after that was committed; or, where the handler
 * threw or its signal aborted first, until that. What a handler that died had in hand stays open until its context's end was
 * ordered. When the server got the request does not count: it may be on its way for longer than its sender lives.
 *
 * Each delivery that is beyond the first of its job must be laid to a fault that met the one before it, and one fault answers for
 * one delivery of a job: so there are never more than jobs in flight, over all faults. An answer that the server dropped on
 * purpose is a fault that met this one job, and so is what a worker gave back at the deadline of its event.
 */
export function judgeDeliveries({ record, server }: Evidence): Verdict {
  const findings: string[] = []
  const deliveries = deliveriesOf(
    record,
    server.uploads,
    new Map(server.acks.map((ack) => [ack.subject, ack.at])),
  )
  const givenBack = givenBackIn(record)
  let [repeated, inFlight] = [0, 0]
  for (const fault of record.faults) {
    inFlight += new Set(deliveries.filter((each) => hits(fault, each)).map(({ job }) => job)).size
  }
  inFlight += deliveries.filter(
    (each) => isFaultOfItsOwn(each, givenBack) && !record.faults.some((fault) => hits(fault, each)),
  ).length

  for (const [key, told] of grouped(deliveries, ({ idempotencyKey }) => idempotencyKey)) {
    const laidTo = new Set<Fault>()
    const inOrder = told.toSorted((one, other) => one.effectAt - other.effectAt)
    for (const [index, again] of inOrder.entries()) {
      const before = inOrder[index - 1]
      if (before === undefined) continue
      repeated += 1
      // Under one epoch it was one call of `fetch`: Chromium repeats a request itself whose connection ended unanswered.
      if (again.kind === 'once' && again.epoch !== before.epoch)
        findings.push(`at most once: ${wordsFor(key, before, again)}`)
      // First, since it answers for no other: the fault that met several is left for one that has none of its own.
      if (isFaultOfItsOwn(before, givenBack)) continue
      const fault = record.faults.find(
        (each) => !laidTo.has(each) && hits(each, before) && each.from <= again.effectAt,
      )
      if (fault) laidTo.add(fault)
      else findings.push(`without a fault: ${wordsFor(key, before, again)}`)
    }
  }
  if (repeated > inFlight)
    findings.push(`${repeated} repeated deliveries, ${inFlight} jobs in flight at the faults`)
  return {
    findings,
    figures: {
      deliveries: deliveries.length,
      'repeated deliveries': repeated,
      'jobs in flight at the faults': inFlight,
      'given back at a deadline': givenBack.size,
    },
  }
}

function deliveriesOf(
  { starts, ends, finishedAt, deadAt }: Record,
  uploads: readonly Upload[],
  ackedAt: ReadonlyMap<string, number>,
): Delivery[] {
  const calledAt = new Map(starts.map(({ id, epoch, context, at }) => [`${id} ${epoch} ${context}`, at]))
  const failedAt = new Map<string, number>()
  for (const { id, epoch, context, how, at } of ends) {
    if (how !== 'returned') failedAt.set(`${id} ${epoch} ${context}`, at)
  }
  return uploads.flatMap((upload) => {
    const { job, epoch, context, effectAt } = upload
    if (effectAt === undefined) return []
    const end = finishedAt.get(job) ?? ackedAt.get(job) ?? Number.POSITIVE_INFINITY
    const openUntil = Math.min(
      end,
      failedAt.get(`${job} ${epoch} ${context}`) ?? Number.POSITIVE_INFINITY,
      deadAt.get(context) ?? Number.POSITIVE_INFINITY,
    )
    const startedAt = calledAt.get(`${job} ${epoch} ${context}`) ?? Number.NEGATIVE_INFINITY
    return [{ ...upload, effectAt, startedAt, openUntil }]
  })
}

function hits({ from, until, contexts }: Fault, { context, startedAt, openUntil }: Delivery): boolean {
  return contexts.has(context) && startedAt <= until && openUntil >= from
}

function isFaultOfItsOwn(
  { isAnswerLost, job, epoch, context }: Delivery,
  givenBack: ReadonlySet<string>,
): boolean {
  return isAnswerLost || givenBack.has(`${job} ${epoch} ${context}`)
}

/** What workers gave back when one of their events had lasted until its deadline, and was not over. */
function givenBackIn({ ends, events }: Record): ReadonlySet<string> {
  const begun = events.filter(({ what }) => what === 'began')
  const endedAt = new Map(
    events.filter(({ what }) => what === 'ended').map((each) => [`${each.context} ${each.number}`, each.at]),
  )
  const isAtDeadline = ({ context, at }: By<Ended>): boolean =>
    begun.some((event) => {
      // One that was never told to be over went on until its worker was stopped.
      const end = endedAt.get(`${event.context} ${event.number}`) ?? Number.POSITIVE_INFINITY
      return event.context === context && event.at + deadlineMs - timerMs <= at && at <= end
    })
  return new Set(
    ends
      .filter((each) => each.how === 'aborted' && each.code === 'stopped' && isAtDeadline(each))
      .map(({ id, epoch, context }) => `${id} ${epoch} ${context}`),
  )
}

function wordsFor(key: string, before: Delivery, again: Delivery): string {
  const one = ({ epoch, context, receivedAt, effectAt, openUntil, isAnswerLost }: Delivery): string =>
    `by ${context} under epoch ${epoch} at ${receivedAt}–${effectAt}, open until ${openUntil}${isAnswerLost ? ', its answer lost' : ''}`
  return `${key} was delivered again: ${one(before)}, then ${one(again)}`
}
