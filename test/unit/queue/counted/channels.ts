import { onTestFinished, vi } from 'vitest'
import { turns } from '../bench.ts'

/** What the contexts of an origin tell each other. */
export interface Channels {
  /** How many messages were posted. */
  readonly posted: number
  /** Lets time pass for the hints: theirs are the only timers of the platform. */
  advance(ms: number): void
  /** Has every hint arrive as soon as it can, until this is over. */
  during<T>(work: Promise<T>): Promise<T>
}

/** BroadcastChannels that count, in the place of the platform's, and time that stands still between their messages. */
export function channels(): Channels {
  const open = new Set<CountedChannel>()
  let posted = 0

  class CountedChannel {
    readonly name: string
    onmessage: (() => void) | null = null

    constructor(name: string) {
      this.name = name
      open.add(this)
    }

    postMessage(): void {
      posted += 1
      for (const other of open) {
        if (other !== this && other.name === this.name)
          setImmediate(() => open.has(other) && other.onmessage?.())
      }
    }

    close(): void {
      open.delete(this)
    }
  }

  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.stubGlobal('BroadcastChannel', CountedChannel)
  onTestFinished(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })
  const advance = (ms: number): void => void vi.advanceTimersByTime(ms)
  return {
    get posted() {
      return posted
    },
    advance,
    async during(work) {
      let isOver = false
      const end = (): void => {
        isOver = true
      }
      work.then(end, end)
      while (!isOver) {
        advance(20)
        await turns(1)
      }
      return work
    },
  }
}
