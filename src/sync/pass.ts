import type { Deciding } from '../machine/decide.ts'
import type { Now } from '../machine/events.ts'
import {
  decideFork,
  decideGiveBack,
  decideSetAside,
  decideSettle,
  decideTake,
  type Settlement,
  type Taking,
} from '../machine/outbox.ts'
import type { State } from '../machine/state.ts'
import type { Replica } from '../replica/types.ts'
import type { Clock } from '../types.ts'
import { encodeNext } from './batch.ts'
import { attune, type Course, heed, heedFork, learnSettled, type Step } from './course.ts'
import type { Transport } from './transport.ts'

/** The longest body of a request (bytes), as long as it has more than one event. */
const maxBytes = 262_144

/** Why a pass ended. */
export type End =
  /** Nothing is left to send. */
  | { readonly why: 'idle' }
  /** Another context is sending. */
  | { readonly why: 'busy'; readonly waitMs: number }
  | { readonly why: 'offline' }
  /** What finished since the last request does not fill another: more of it is waited for. */
  | { readonly why: 'lingering' }
  /** The server asked for time. */
  | { readonly why: 'waiting'; readonly afterMs: number | undefined; readonly error: unknown }
  /** Nothing was settled: no answer, or not a receiver's. */
  | { readonly why: 'refused'; readonly error: unknown }
  | { readonly why: 'unauthorized'; readonly error: unknown }
  | { readonly why: 'stopped' }
  /** The log could not be written. */
  | { readonly why: 'failed'; readonly error: unknown }

export interface PassTools {
  readonly replica: Replica
  readonly clock: Clock
  readonly queue: string
  readonly owner: string
  /** This sender's name. */
  readonly sender: string
  /** The context said goodbye for this sender: nothing is begun any more. */
  readonly hasLeft: () => boolean
  readonly transport: Transport
  readonly course: Course
  /** Whether asking for the headers again may bring others. */
  readonly signs: boolean
  readonly mint: () => string
  readonly online: () => boolean
  /** Whether there is time: nobody waits for all to be sent. */
  readonly lingers: () => boolean
  /** Told of what was settled, once it is in the log. */
  readonly settled: () => void
  /** Told that the server knew another log of this device. */
  readonly lost: (log: string) => void
}

/** Sends until nothing is left, or until something is in the way; one request at a time. Never rejects. */
export async function pass(tools: PassTools, signal: AbortSignal): Promise<End> {
  tools.course.turns = 0
  const end = await sendAll(tools, signal).catch((error: unknown): End => ({ why: 'failed', error }))
  return end.why === 'idle' || end.why === 'busy' || tools.hasLeft() ? end : giveBack(tools, end)
}

async function sendAll(tools: PassTools, signal: AbortSignal): Promise<End> {
  await tools.replica.open()
  let isSettled = false
  for (;;) {
    if (signal.aborted) return { why: 'stopped' }
    const taking = await take(tools)
    if (taking.type === 'empty') return { why: 'idle' }
    if (taking.type === 'busy') return { why: 'busy', waitMs: taking.waitMs }
    if (!tools.online()) return { why: 'offline' }
    const end = await sendOne(tools, signal, isSettled)
    isSettled = end === 'settled'
    if (end !== undefined && end !== 'settled') return end
  }
}

/** Only what has to be written is submitted. */
async function take(tools: PassTools): Promise<Taking> {
  const { replica, owner, sender, clock } = tools
  const now: Now = { wall: clock.now(), mono: clock.monotonic() }
  let changes = false
  const note = (): void => {
    changes = true
  }
  const taking = decideTake(await replica.open(), sender, replica.byes, { owner, now, emit: note })
  if (!changes) return taking
  return submit(tools, (state, deciding) => decideTake(state, sender, replica.byes, deciding))
}

/** Why the pass ends with this request, if it does; or that the request was settled. */
type Sent = End | 'settled' | undefined

async function sendOne(tools: PassTools, signal: AbortSignal, isSettled: boolean): Promise<Sent> {
  const { replica, course, queue, owner, clock, transport } = tools
  const state = await replica.open()
  attune(course, state.outboxes.get(owner)?.id)
  const { from, count } = course
  const batch = encodeNext(state, { queue, owner, from, count, bytes: maxBytes, at: clock.now() })
  if (batch === undefined) return { why: 'idle' }
  // While jobs go on finishing, each commit of them would be a request otherwise.
  const isFull = batch.items.length >= count || batch.last < (state.outboxes.get(owner)?.last ?? 0)
  if (isSettled && !isFull && tools.lingers()) return { why: 'lingering' }
  let step: Step
  try {
    const reply = await transport.post(batch, signal)
    if (reply.lostLog !== undefined) tools.lost(reply.lostLog)
    step = heed(course, batch, reply.answer, tools.signs)
  } catch (error) {
    return signal.aborted ? { why: 'stopped' } : { why: 'refused', error }
  }
  return follow(tools, batch.outbox, step)
}

/** Does what an answer asks for. */
async function follow(tools: PassTools, outbox: string, step: Step): Promise<Sent> {
  switch (step.type) {
    case 'again':
      return undefined
    case 'settle':
      return settle(tools, step.settlement)
    case 'fork': {
      const anew = tools.mint()
      await submit(tools, (state, deciding) => decideFork(state, outbox, anew, deciding))
      return undefined
    }
    case 'set-aside': {
      const { refused } = step
      await submit(tools, (state, deciding) => decideSetAside(state, outbox, refused, deciding))
      return undefined
    }
    case 'wait':
      return { why: 'waiting', afterMs: step.afterMs, error: new Error(step.message) }
    case 'unauthorized':
    case 'refused':
      return { why: step.type, error: new Error(step.message) }
  }
}

async function settle(tools: PassTools, said: Settlement): Promise<Sent> {
  const { owner, sender, course, replica } = tools
  const settled = await submit(tools, (state, deciding) => decideSettle(state, sender, said, deciding))
  if (settled === 'fork') return follow(tools, said.outbox, heedFork(course))
  if (settled === 'gone') return undefined
  const state = await replica.open()
  learnSettled(course, said.through, state.outboxes.get(owner)?.acked ?? 0)
  tools.settled()
  return 'settled'
}

/** What cannot be done now, another context may do. */
async function giveBack(tools: PassTools, end: End): Promise<End> {
  const { replica, owner, sender } = tools
  if (replica.state?.outboxes.get(owner)?.sender !== sender) return end
  try {
    await submit(tools, (state, deciding) => decideGiveBack(state, sender, deciding))
    return end
  } catch (error) {
    return { why: 'failed', error }
  }
}

type SyncDeciding = Pick<Deciding, 'owner' | 'now' | 'emit'>

function submit<T>(
  { replica, owner }: PassTools,
  decide: (state: State, deciding: SyncDeciding) => T,
): Promise<T> {
  return replica.submit((state, { now, emit }) => decide(state, { owner, now, emit }))
}
