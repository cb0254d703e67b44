import { payloads } from './jobs.ts'
import { fill, openOurs } from './ours.ts'

/** What a tab that shares a queue did of it. */
export interface Share {
  /** A character a job: how often it ran here. */
  readonly runs: string
  /** When the first handler was called here, and the last (epoch milliseconds). */
  readonly firstAt: number
  readonly lastAt: number
}

/** For queues that several tabs run. */
export interface Tabs {
  fill(name: string, count: number): Promise<void>
  /** Starts at that instant; resolves once nothing is left for anybody. */
  run(name: string, count: number, startAt: number): Promise<Share>
  destroy(name: string): Promise<void>
}

export const tabs: Tabs = {
  async fill(name, count) {
    const queue = openOurs({ name, durability: 'relaxed' })
    await fill(queue, payloads(count))
    await queue.close()
  },
  async run(name, count, startAt) {
    const runs = new Uint8Array(count)
    const times = { firstAt: 0, lastAt: 0 }
    const queue = openOurs({
      name,
      durability: 'relaxed',
      run({ number }) {
        runs[number] = (runs[number] ?? 0) + 1
        times.lastAt = performance.timeOrigin + performance.now()
        times.firstAt ||= times.lastAt
      },
    })
    await queue.info()
    await pause(startAt - Date.now())
    await queue.start()
    for (;;) {
      const { counts } = await queue.info()
      if (counts.pending + counts.running === 0) break
      await pause(50)
    }
    await queue.close()
    return { ...times, runs: [...runs].join('') }
  },
  async destroy(name) {
    await openOurs({ name }).destroy({ force: true })
  },
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
