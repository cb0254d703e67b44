import { isQueueError, type QueueErrorCode } from '../../errors.ts'
import type { Mortal, World } from './world.ts'
import { must } from './violation.ts'

/** What any call may be refused with: what the store does to it, and closing. */
export const refusals: readonly QueueErrorCode[] = [
  'closed',
  'store-failed',
  'outcome-unknown',
  'version-ahead',
]

/** What a caller wants to know of its call. */
export interface Wanted<T> {
  readonly allowed?: readonly QueueErrorCode[]
  readonly resolved?: (value: T) => void
  readonly rejected?: (error: unknown) => void
}

/** Every promise that a caller was given: it must be kept, or say clearly why not. */
export class Promises {
  readonly #world: World
  readonly #waiting: Map<symbol, { readonly whom: Mortal; readonly what: string }> = new Map()
  broken: unknown

  constructor(world: World) {
    this.#world = world
  }

  /** What callers still wait for. */
  get waiting(): readonly string[] {
    return [...this.#waiting.values()].map(({ whom, what }) => `${whom.name} ${what}`)
  }

  /** Follows a call to its end. What `resolved` and `rejected` throw ends the simulation. */
  follow<T>(whom: Mortal, verb: string, what: string, promise: Promise<T>, wanted: Wanted<T> = {}): void {
    const call = Symbol(verb)
    this.#waiting.set(call, { whom, what: `${verb} ${what}` })
    this.#world.census.count('call', verb)
    this.#world.note(`${whom.name} calls ${verb} ${what}`)
    const end = (then: () => void): void => {
      if (!this.#waiting.delete(call)) return
      try {
        then()
      } catch (error) {
        this.broken ??= error
      }
    }
    promise.then(
      (value) => end(() => this.#resolved(whom, `${verb} ${what}`, value, wanted)),
      (error: unknown) => end(() => this.#rejected(whom, verb, what, error, wanted)),
    )
  }

  /** Nobody waits in a dead context. */
  bury(dead: Mortal): void {
    for (const [call, { whom }] of this.#waiting) if (whom === dead) this.#waiting.delete(call)
  }

  #resolved<T>(whom: Mortal, what: string, value: T, { resolved }: Wanted<T>): void {
    this.#world.note(`${whom.name} ${what} resolves`)
    resolved?.(value)
  }

  #rejected<T>(
    whom: Mortal,
    verb: string,
    what: string,
    error: unknown,
    { allowed = [], rejected }: Wanted<T>,
  ): void {
    const code = isQueueError(error) ? error.code : String(error)
    this.#world.note(`${whom.name} ${verb} ${what} rejects: ${code}`)
    this.#world.census.count('rejected', code)
    const isAllowed = [...refusals, ...allowed].some((one) => one === code)
    const why = error instanceof Error ? `${error.message}, caused by ${String(error.cause)}` : ''
    must(
      isAllowed,
      '7: it goes on, or says why not',
      () => `${verb} ${what} of ${whom.name} rejects: ${code} ${why}`,
    )
    rejected?.(error)
  }
}
