import { AssertionError } from 'node:assert'
import { setImmediate } from 'node:timers/promises'
import type { Clock, Queue, QueueEventName, QueueEvents, StoreFactory } from 'holdfast'
import { manualClock } from 'holdfast/testing'
import { broke, type Note, survived, type Verdict } from './contract.ts'

/** The longest that anything here takes on a busy machine (milliseconds). */
const patienceMs = Number(process.env.PATIENCE_MS ?? 60_000)

/** Longer than any holder may be silent, with a lock or without (milliseconds). */
export const silenceMs: number = 6 * 60_000

/** A case that is about no browser, and in which assertions say in one phrase each what would have gone wrong. */
export interface Case {
  readonly number: number
  readonly name: string
  /** Why no other queue is asked: the notion that it lacks; by the peer's id where it is not the same for all. */
  readonly others: string | Readonly<Record<string, string>>
  play(): Promise<void>
}

/** A note that is played in this process, where clocks can be wound on. */
export function inNode({ number, name, others, play }: Case): Note {
  const why = (id: string): string => (typeof others === 'string' ? others : (others[id] ?? 'nobody asked'))
  return {
    number,
    name,
    unsaid: ({ id }) => (id === 'holdfast' ? undefined : why(id)),
    run: () => judged(play),
  }
}

/** Plays what is about no browser, and in which assertions say in one phrase each what would have gone wrong. */
export async function judged(play: () => Promise<void>): Promise<Verdict> {
  try {
    await play()
    return survived
  } catch (error) {
    if (error instanceof AssertionError) return broke(error.message)
    throw error
  }
}

/** Waits for a condition. @throws AssertionError that says what went wrong, where it does not come about. */
export async function until(otherwise: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endAt = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > endAt) throw new AssertionError({ message: otherwise })
    await setImmediate()
  }
}

/** What a context has that stalls: its timers never go off, and it is told of nothing that others write. */
export function stalled(store: StoreFactory): { readonly store: StoreFactory; readonly clock: Clock } {
  return {
    store: (name) => ({ ...store(name), subscribe: () => () => undefined }),
    clock: manualClock(),
  }
}

/** Everything that a queue tells of one kind, in order. */
export function told<Name extends QueueEventName>(
  queue: Pick<Queue, 'on'>,
  name: Name,
): readonly QueueEvents[Name][] {
  const events: QueueEvents[Name][] = []
  queue.on(name, (event) => events.push(event))
  return events
}
