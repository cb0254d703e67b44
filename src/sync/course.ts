import type { RejectedAck } from '../machine/ack-events.ts'
import type { Settlement } from '../machine/outbox.ts'
import type { OutgoingBatch } from '../machine/outgoing.ts'
import type { Answer } from './wire.ts'

/** The most events in one request. */
export const maxCount = 500

/** How often a lone acknowledgement may be refused before it is set aside. */
const maxRefusals = 5

/** How often in a row the server may ask for something else to be sent before it is waited for. */
const maxTurns = 2

/**
 * What a sender learned of the server's end of one outbox. Kept in memory alone: after a reload the server is asked
 * again, and refusals are counted from the first.
 */
export interface Course {
  outbox: string | undefined
  /** The server expects this number, although it once had settled more. */
  from: number | undefined
  /** The most events in the next request. */
  count: number
  /** The last number of the last batch that was refused: one of those up to it is to blame. */
  suspectTo: number
  /** By event id: how often the server refused it alone. */
  readonly refusals: Map<string, number>
  /** Requests in a row that were answered with what to send instead. */
  turns: number
  /** The headers were asked for again, since the server answered 401. */
  signedAgain: boolean
}

export function createCourse(): Course {
  return {
    outbox: undefined,
    from: undefined,
    count: maxCount,
    suspectTo: 0,
    refusals: new Map(),
    turns: 0,
    signedAgain: false,
  }
}

/** Forgets what was learned of another outbox. */
export function attune(course: Course, outbox: string | undefined): void {
  if (course.outbox === outbox) return
  Object.assign(course, { outbox, from: undefined, count: maxCount, suspectTo: 0 })
  course.refusals.clear()
}

/** What a sender does after an answer. */
export type Step =
  | { readonly type: 'settle'; readonly settlement: Settlement }
  | { readonly type: 'again' }
  | { readonly type: 'fork' }
  | { readonly type: 'set-aside'; readonly refused: RejectedAck }
  /** The server asks for time: `afterMs`, or the backoff's. */
  | { readonly type: 'wait'; readonly afterMs: number | undefined; readonly message: string }
  /** Nothing is sent until somebody has signed in. */
  | { readonly type: 'unauthorized'; readonly message: string }
  /** Nothing was settled: the backoff's time. */
  | { readonly type: 'refused'; readonly message: string }

/** The next step, by the table of answers. `signs`: asking for the headers again may bring others. */
export function heed(course: Course, batch: OutgoingBatch, answer: Answer, signs: boolean): Step {
  if (answer.type !== 'unauthorized') course.signedAgain = false
  switch (answer.type) {
    case 'settled':
      return heedSettled(batch, answer)
    case 'expected':
      return heedExpected(course, batch, answer.expected)
    case 'fork':
      return heedFork(course)
    case 'halve':
      return heedRefusal(course, batch, answer.status)
    case 'unauthorized':
      if (!signs || course.signedAgain) return { type: 'unauthorized', message: sentence('answered 401') }
      course.signedAgain = true
      return { type: 'again' }
    case 'wait':
      return { type: 'wait', afterMs: answer.afterMs, message: sentence(`answered ${answer.status}`) }
    case 'refused':
      return refused(`answered ${answer.status}, and not as a receiver of acknowledgements`)
  }
}

function heedSettled(
  batch: OutgoingBatch,
  { acknowledged: through, id, rejected }: Extract<Answer, { type: 'settled' }>,
): Step {
  if (through < batch.first) return refused(`answered that it has ${through} when sent ${batch.first}`)
  return { type: 'settle', settlement: { outbox: batch.outbox, through, id, rejected } }
}

/** What the settling of a batch teaches, once it is in the log, which has everything up to `acked` settled. */
export function learnSettled(course: Course, through: number, acked: number): void {
  course.refusals.clear()
  course.from = through < acked ? through + 1 : undefined
  if (course.from === undefined) course.turns = 0
  if (through >= course.suspectTo) course.count = maxCount
}

function heedExpected(course: Course, batch: OutgoingBatch, expected: number): Step {
  if (expected >= batch.first || !turn(course)) return refused(`expects ${expected} when sent ${batch.first}`)
  course.from = expected
  return { type: 'again' }
}

/** Halving what is refused finds what is to blame; alone, it is tried a few times more. */
function heedRefusal(course: Course, batch: OutgoingBatch, status: number): Step {
  const [item, another] = batch.items
  course.suspectTo = batch.last
  if (another !== undefined) {
    course.count = Math.floor(batch.items.length / 2)
    return { type: 'again' }
  }
  if (item?.type !== 'ack') return refused(`answered ${status} to numbers that are lost`)
  const { sequence, id } = item.ack
  const times = (course.refusals.get(id) ?? 0) + 1
  course.refusals.set(id, times)
  if (times < maxRefusals) return refused(`answered ${status} to one acknowledgement`)
  const message = `The server answered ${status} to this acknowledgement alone, ${times} times`
  return { type: 'set-aside', refused: { sequence, code: `http-${status}`, message } }
}

/** The numbers were used by somebody else too. A new outbox ends that, unless the server says so of every outbox. */
export function heedFork(course: Course): Step {
  return turn(course) ? { type: 'fork' } : refused('finds a fork again and again')
}

function turn(course: Course): boolean {
  course.turns++
  return course.turns <= maxTurns
}

function refused(what: string): Step {
  return { type: 'refused', message: sentence(what) }
}

function sentence(what: string): string {
  return `Cannot send acknowledgements: the server ${what}`
}
