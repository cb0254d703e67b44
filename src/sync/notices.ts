import type { LogEvent } from '../machine/events.ts'

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

/** What a fact says of acknowledgements: the same in every context, whoever sent them. */
export function ackNotices(event: LogEvent): AckNotice[] {
  if (event.type === 'set-aside') {
    const { id, sequence, code, message } = event
    return [{ type: 'ack-rejected', id, sequence, code, message }]
  }
  if (event.type !== 'acked') return []
  const rejected = new Map(event.rejected?.map((reject) => [reject.sequence, reject]))
  return (event.ids ?? []).map((eventId): AckNotice => {
    const dash = eventId.indexOf('-')
    const [sequence, id] = [Number(eventId.slice(0, dash)), eventId.slice(dash + 1)]
    const reject = rejected.get(sequence)
    if (reject === undefined) return { type: 'acked', id, sequence }
    return { type: 'ack-rejected', id, sequence, code: reject.code, message: reject.message }
  })
}
