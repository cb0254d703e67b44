import { payloads } from './jobs.ts'
import { fill, type Ours, openOurs } from './ours.ts'

/** What a tab that shares a queue did of it. */
export interface Share {
  /** A character a job: how often it ran here. */
  readonly runs: string
  /** When the first handler was called here, and the last (epoch milliseconds); 0 where none was. */
  readonly firstAt: number
  readonly lastAt: number
}

/** For queues that several tabs run. */
export interface Tabs {
  fill(name: string, count: number): Promise<void>
  /** Has all jobs in memory once it resolves; runs none before {@link start}. */
  load(name: string, count: number): Promise<void>
  /** Starts this tab and, by a message, all others that have loaded a queue: timers are slow where nobody looks. */
  start(): void
  /** Resolves once nothing is left for anybody. */
  share(): Promise<Share>
  destroy(name: string): Promise<void>
}

const starting = new BroadcastChannel('bench-tabs')
let loaded: { readonly share: Promise<Share>; start(): void } | undefined

starting.onmessage = () => loaded?.start()

export const tabs: Tabs = {
  async fill(name, count) {
    const queue = openOurs({ name, durability: 'relaxed' })
    await fill(queue, payloads(count))
    await queue.close()
  },
  async load(name, count) {
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
    const started = Promise.withResolvers<void>()
    const share = started.promise
      .then(() => runAll(queue))
      .then((): Share => ({ ...times, runs: runs.join('') }))
    loaded = { share, start: started.resolve }
  },
  start() {
    starting.postMessage('start')
    loaded?.start()
  },
  async share() {
    if (loaded === undefined) throw new Error('Cannot tell the share: no queue is loaded')
    return loaded.share
  },
  async destroy(name) {
    await openOurs({ name }).destroy({ force: true })
  },
}

async function runAll(queue: Ours): Promise<void> {
  await queue.start()
  for (;;) {
    const { counts } = await queue.info()
    if (counts.pending + counts.running === 0) break
    // Seldom: what a look costs is taken from the jobs, in four tabs four times.
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  await queue.close()
}
