import type { Worker } from '../worker/worker.ts'

/** Who wants this context's worker on: whoever started the queue, and each drain. It stops when nobody does. */
export interface Duty {
  /** Whether the queue itself was started, drains apart. */
  readonly isStarted: boolean
  start(): Promise<void>
  /** Stops for everybody: drains end. */
  stop(graceMs: number): Promise<void>
  /** As `stop`, but at once: the context may be gone a moment later. */
  leave(): Promise<void>
  /** Wants the worker on until `end` is called. */
  want(): Wanting
}

export interface Wanting {
  /** Resolves once the worker is on. */
  readonly started: Promise<void>
  /** Stops the worker with no grace, unless somebody else wants it. Idempotent. */
  end(): Promise<void>
}

export function createDuty(worker: Worker): Duty {
  const wanting = new Set<symbol>()
  const queue = Symbol('queue')
  let starting: Promise<void> | undefined

  /** One start for all: of two that wait for a stop to end, the worker would let the later one stand. */
  const turnOn = (): Promise<void> => {
    if (starting) return starting
    const mine = worker.start().finally(() => {
      if (starting === mine) starting = undefined
    })
    starting = mine
    return mine
  }
  const begin = async (who: symbol): Promise<void> => {
    wanting.add(who)
    try {
      await turnOn()
    } catch (error) {
      wanting.delete(who)
      throw error
    }
  }
  const clear = (): void => {
    wanting.clear()
    starting = undefined
  }
  const stop = (graceMs: number): Promise<void> => {
    clear()
    return worker.stop(graceMs)
  }

  return {
    get isStarted() {
      return wanting.has(queue)
    },
    start: () => begin(queue),
    stop,
    leave() {
      clear()
      return worker.leave()
    },
    want() {
      const who = Symbol('drain')
      return {
        started: begin(who),
        async end() {
          if (wanting.delete(who) && wanting.size === 0) await stop(0)
        },
      }
    },
  }
}
