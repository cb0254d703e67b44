import type { Ended, Event, Life, Made, Message, Started, Taken } from './page/told.ts'

export type FaultKind =
  | 'crash'
  | 'worker stop'
  | 'freeze'
  | 'back/forward'
  | 'close'
  | 'cut'
  | 'down'
  | 'kill'

export const faultKinds: readonly FaultKind[] = [
  ...(['crash', 'worker stop', 'freeze', 'back/forward', 'close', 'cut', 'down', 'kill'] as const),
]

/** A fault: what it hit, and when. */
export interface Fault {
  readonly kind: FaultKind
  readonly variant: string | undefined
  /** Just before it was ordered. */
  readonly from: number
  /** When it had come to pass: what it could interrupt was interrupted by then. */
  readonly until: number
  /** Whose handlers it could interrupt. */
  readonly contexts: Set<string>
}

/** By whom, and what. */
export type By<Words> = Words & { readonly context: string }

/** Everything that the contexts told, and what was done to them. */
export interface Record {
  readonly taken: readonly By<Taken>[]
  readonly starts: readonly By<Started>[]
  readonly ends: readonly By<Ended>[]
  /** When it was told first that a job ended, by the job. */
  readonly finishedAt: ReadonlyMap<string, number>
  readonly lives: readonly By<Life>[]
  /** The workers' events. */
  readonly events: readonly By<Event>[]
  /** Each time that the database was made. */
  readonly makings: readonly By<Made>[]
  /** Who was told by the queue that its log was lost. */
  readonly losses: ReadonlySet<string>
  /** How often each was told. */
  readonly troubles: ReadonlyMap<string, number>
  /** The last word of a context. */
  readonly lastAt: ReadonlyMap<string, number>
  readonly faults: Fault[]
  /** When the end of a context was ordered, by its name. */
  readonly deadAt: Map<string, number>
  hear(message: Message): void
}

export function createRecord(): Record {
  const taken: By<Taken>[] = []
  const starts: By<Started>[] = []
  const ends: By<Ended>[] = []
  const finishedAt = new Map<string, number>()
  const lives: By<Life>[] = []
  const events: By<Event>[] = []
  const makings: By<Made>[] = []
  const losses = new Set<string>()
  const troubles = new Map<string, number>()
  const heard = new Set<string>()
  const lastAt = new Map<string, number>()
  return {
    ...{ taken, starts, ends, finishedAt, lives, events, makings, losses, troubles, lastAt },
    ...{ faults: [], deadAt: new Map() },
    hear({ context, number, told }) {
      const name = `${context} ${number}`
      if (heard.has(name)) return
      heard.add(name)
      if ('at' in told) lastAt.set(context, Math.max(told.at, lastAt.get(context) ?? 0))
      if (told.type === 'taken') taken.push({ ...told, context })
      else if (told.type === 'started') starts.push({ ...told, context })
      else if (told.type === 'ended') ends.push({ ...told, context })
      else if (told.type === 'life') lives.push({ ...told, context })
      else if (told.type === 'event') events.push({ ...told, context })
      else if (told.type === 'made') makings.push({ ...told, context })
      else if (told.type === 'lost') losses.add(context)
      else if (told.type === 'finished') {
        finishedAt.set(told.id, Math.min(told.at, finishedAt.get(told.id) ?? told.at))
      } else {
        // The job's id says nothing here, and makes each of them another one.
        const words = `${told.type}: ${told.message.replace(/"[^"]+"/g, '"…"')}`
        troubles.set(words, (troubles.get(words) ?? 0) + 1)
      }
    },
  }
}
