import type { Deciding } from './decide.ts'
import type { RejectedAck } from './ack-events.ts'
import { ackKey } from './fold-acks.ts'
import { type Ack, ackId, type Outbox, type Reject } from './rows.ts'
import type { State } from './state.ts'

/** How long an outbox stays with a sender that nobody hears of (milliseconds). */
export const senderMs = 60_000

/** The most acks one entry settles, so that no entry grows without bound. */
const atOnce = 5_000

const maxCodeLength = 64
const maxMessageLength = 500

type Sending = Pick<Deciding, 'owner' | 'now' | 'emit'>

/** The contexts whose bye lies beside the log. */
type Byes = ReadonlySet<string>

export type Taking =
  | { readonly type: 'taken' }
  /** There is nothing to send. */
  | { readonly type: 'empty' }
  /** Another sender has it; taken over when it is not heard of for so long. */
  | { readonly type: 'busy'; readonly waitMs: number }

/** Takes the owner's outbox for a sender, or keeps it: one sends at a time. */
export function decideTake(state: State, sender: string, byes: Byes, { owner, now, emit }: Sending): Taking {
  if (!hasUnsent(state, owner)) return { type: 'empty' }
  const waitMs = untilFree(state, owner, sender, byes, now.mono)
  if (waitMs > 0) return { type: 'busy', waitMs }
  if (!isFresh(state, owner, sender, now.mono)) emit({ type: 'sending', owner, sender })
  return { type: 'taken' }
}

/** Milliseconds until the outbox may be taken; 0: now. */
export function untilFree(state: State, owner: string, sender: string, byes: Byes, mono: number): number {
  const holder = state.outboxes.get(owner)?.sender
  if (holder === undefined || holder === sender || byes.has(holder)) return 0
  return Math.max(0, senderMs - silentMs(state, holder, mono))
}

/** Whether the sender has the outbox, and need not say so again soon. */
export function isFresh(state: State, owner: string, sender: string, mono: number): boolean {
  return state.outboxes.get(owner)?.sender === sender && silentMs(state, sender, mono) < senderMs / 3
}

function silentMs(state: State, sender: string, mono: number): number {
  return mono - (state.index.seen.get(sender) ?? mono)
}

/** Lets others send, if this sender has the outbox. */
export function decideGiveBack(
  state: State,
  sender: string,
  { owner, emit }: Pick<Sending, 'owner' | 'emit'>,
): void {
  if (state.outboxes.get(owner)?.sender === sender) emit({ type: 'acked', owner, sender })
}

/** What the server said of one outbox: everything up to `through`, where it has `id`, is settled. */
export interface Settlement {
  readonly outbox: string
  readonly through: number
  readonly id: string
  readonly rejected: readonly RejectedAck[]
}

/**
 * `fork`: the server has something under a number that is not what was given that number here. `gone`: the outbox is not
 * there any more, and whatever the server says of it concerns nobody.
 */
export type Settled = 'settled' | 'fork' | 'gone'

/** Settles what the server settled, in one entry, and keeps the outbox while there is more to send. */
export function decideSettle(state: State, sender: string, said: Settlement, deciding: Sending): Settled {
  const { owner, emit } = deciding
  const outbox = state.outboxes.get(owner)
  if (outbox?.id !== said.outbox) return 'gone'
  if (!isOwn(state, outbox, said.through, said.id)) return 'fork'
  // What is settled up to `through` is settled up to any earlier number too.
  const through = Math.min(said.through, outbox.acked + atOnce)
  const acks = acksUpTo(state, outbox, through)
  const rejected = rejectedOf(acks, said.rejected)
  const lostId = through === said.through ? said.id : ackId(through, 'lost')
  const id = acks.at(-1)?.sequence === through ? undefined : lostId
  if (through > outbox.acked || (through === outbox.acked && id !== outbox.ackedId)) {
    const ids = acks.map((ack) => ackId(ack.sequence, ack.id))
    emit({ type: 'acked', owner, sender, through, id, ids, rejected })
    if (outbox.sender === sender && hasUnsent(state, owner)) emit({ type: 'sending', owner, sender })
  } else if (!hasUnsent(state, owner)) decideGiveBack(state, sender, deciding)
  return 'settled'
}

/** Whether `id` is what this outbox has, or may have had, under a number. */
function isOwn(state: State, outbox: Outbox, sequence: number, id: string): boolean {
  const { owner, last, acked, ackedId } = outbox
  if (sequence > last) return false
  const ack = state.acks.get(ackKey(owner, sequence))
  if (ack !== undefined) return id === ackId(sequence, ack.id)
  if (id === ackId(sequence, 'lost') || sequence < acked) return true
  if (sequence === acked) return id === ackedId
  // The server took it after all, but its answers never came, and it was set aside.
  return listRejects(state, owner).some(
    (reject) => reject.sequence === sequence && id === ackId(sequence, reject.id),
  )
}

function acksUpTo(state: State, { owner, acked }: Outbox, through: number): Ack[] {
  const acks: Ack[] = []
  for (let sequence = acked + 1; sequence <= through; sequence++) {
    const ack = state.acks.get(ackKey(owner, sequence))
    if (ack !== undefined) acks.push(ack)
  }
  return acks
}

function rejectedOf(acks: readonly Ack[], rejected: readonly RejectedAck[]): RejectedAck[] {
  const settled = new Set(acks.map((ack) => ack.sequence))
  const first = (reject: RejectedAck): boolean => settled.delete(reject.sequence)
  return rejected
    .filter(first)
    .map(({ sequence, code, message }) => ({ sequence, ...clipped(code, message) }))
}

// It is the server's text, and goes into every device's log.
function clipped(code: string, message: string): { readonly code: string; readonly message: string } {
  return { code: code.slice(0, maxCodeLength), message: message.slice(0, maxMessageLength) }
}

/** Keeps an ack that no server will have as rejected, so that those behind it can be sent. */
export function decideSetAside(
  state: State,
  outbox: string,
  refused: RejectedAck,
  { owner, emit }: Pick<Sending, 'owner' | 'emit'>,
): void {
  const { sequence, code, message } = refused
  const ack = state.acks.get(ackKey(owner, sequence))
  if (ack === undefined || state.outboxes.get(owner)?.id !== outbox) return
  emit({ type: 'set-aside', owner, sequence, id: ack.id, ...clipped(code, message) })
}

/** Puts a new outbox in the place of one whose numbers somebody else used too, unless that was done already. */
export function decideFork(
  state: State,
  outbox: string,
  anew: string,
  { owner, emit }: Pick<Sending, 'owner' | 'emit'>,
): void {
  if (state.outboxes.get(owner)?.id === outbox) emit({ type: 'forked', owner, outbox: anew })
}

/** Whether there are numbers that the server has not settled. */
export function hasUnsent(state: State, owner: string): boolean {
  const outbox = state.outboxes.get(owner)
  return outbox !== undefined && outbox.last > outbox.acked
}

/** How many acks the server has not settled. */
export function countUnsent(state: State, owner: string): number {
  const outbox = state.outboxes.get(owner)
  return outbox === undefined ? 0 : acksUpTo(state, outbox, outbox.last).length
}

/** The owner's acks that the server refused, the first refused first: the newest 1 000. */
export function listRejects(state: State, owner: string): Reject[] {
  const rejects = [...state.rejects.values()].filter((reject) => reject.owner === owner)
  return rejects.sort((a, b) => a.number - b.number)
}
