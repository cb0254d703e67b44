import type { LogEntry, LogEvent } from '../machine/events.ts'

/** What became of acknowledgements, for whoever watches. */
export type AckNotice =
  | { readonly type: 'acked'; readonly id: string; readonly sequence: number }
  | {
      readonly type: 'ack-rejected'
      readonly id: string
      readonly sequence: number
      readonly code: string
      readonly message: string
    }

/** What an entry says of an owner's acknowledgements: the same in every context, whoever sent them. */
export function ackNotices(entry: LogEntry, owner: string): AckNotice[] {
  return entry.events.flatMap((event) => noticesOf(event, owner))
}

function noticesOf(event: LogEvent, owner: string): AckNotice[] {
  if (event.type === 'set-aside' && event.owner === owner) {
    const { id, sequence, code, message } = event
    return [{ type: 'ack-rejected', id, sequence, code, message }]
  }
  if (event.type !== 'acked' || event.owner !== owner) return []
  const rejected = new Map(event.rejected?.map((reject) => [reject.sequence, reject]))
  return (event.ids ?? []).map((eventId): AckNotice => {
    const dash = eventId.indexOf('-')
    const [sequence, id] = [Number(eventId.slice(0, dash)), eventId.slice(dash + 1)]
    const reject = rejected.get(sequence)
    if (reject === undefined) return { type: 'acked', id, sequence }
    return { type: 'ack-rejected', id, sequence, code: reject.code, message: reject.message }
  })
}
