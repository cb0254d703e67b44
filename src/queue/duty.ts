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
  /** Starts again if the queue was started when it left, and nobody started or stopped it since. */
  rejoin(): Promise<void>
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
  let leftStarted = false

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
  const start = (): Promise<void> => {
    leftStarted = false
    return begin(queue)
  }
  const stop = (graceMs: number): Promise<void> => {
    leftStarted = false
    clear()
    return worker.stop(graceMs)
  }

  return {
    get isStarted() {
      return wanting.has(queue)
    },
    start,
    stop,
    leave() {
      leftStarted ||= wanting.has(queue)
      clear()
      return worker.leave()
    },
    async rejoin() {
      if (!leftStarted) return
      await begin(queue)
      // Unless it left once more meanwhile. One that failed is to be tried again.
      if (wanting.has(queue)) leftStarted = false
    },
    want() {
      const who = Symbol('drain')
      return {
        started: begin(who),
        async end() {
          if (!wanting.delete(who) || wanting.size > 0) return
          clear()
          await worker.stop(0)
        },
      }
    },
  }
}
