import type { Payload } from './jobs.ts'
import { drainIndexed, type Raw } from './raw.ts'

/** Runs what is added to a raw store, as a queue's worker does. */
export interface RawWorker {
  /** Something was added. */
  wake(): void
  /** Resolves once it found nothing more. */
  idle(): Promise<void>
}

export function startRawWorker(raw: Raw, batch: number, run: (payload: Payload) => void): RawWorker {
  let isAwake = false
  let working: Promise<void> = Promise.resolve()
  const work = async (): Promise<void> => {
    while (isAwake) {
      isAwake = false
      await drainIndexed(raw, batch, run)
    }
  }
  return {
    wake() {
      isAwake = true
      working = working.then(work)
    },
    idle: () => working,
  }
}
