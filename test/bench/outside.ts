/** Works of several tabs, or with an eye on the page from outside. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Tab } from '../engines/engine.ts'
import { openProtocol } from './protocol.ts'
import { CheckError } from './measure.ts'
import type { Session } from './session.ts'
import type { Measured } from './work.ts'

/** A work that the page cannot do alone. */
export interface Outside {
  readonly id: string
  measure(session: Session, tab: Tab, options: OutsideOptions): Promise<Measured | undefined>
}

export interface OutsideOptions {
  readonly rounds: number
  readonly scale: number
}

const fourTabs: Outside = {
  id: 'P12',
  async measure(session, tab, { rounds, scale }) {
    const count = Math.max(100, Math.round(100_000 * scale))
    const [one, four, least]: number[][] = [[], [], []]
    const tabs = [tab, await session.open(), await session.open(), await session.open()]
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      const alone = await shared([tab], `tabs-${round}-1`, count)
      const together = await shared(tabs, `tabs-${round}-4`, count)
      one?.push(alone.rate)
      four?.push(together.rate)
      least?.push(together.least * 100)
    }
    for (const other of tabs.slice(1)) await other.close()
    return {
      id: 'P12',
      title: 'four tabs drain one queue of 100 000, started together',
      unit: 'jobs/s, and per cent of the jobs',
      targets: [
        { ours: 'four tabs', peer: 'one tab', is: '>=', target: 0.4 },
        { ours: 'the least of a tab (%)', is: '>=', target: 10 },
      ],
      figures: [
        { name: 'one tab', rounds: one ?? [] },
        { name: 'four tabs', rounds: four ?? [] },
        { name: 'the least of a tab (%)', rounds: least ?? [] },
      ],
    }
  },
}

/** All tabs run one queue; every job must run in exactly one of them. */
async function shared(tabs: readonly Tab[], name: string, count: number) {
  const [first] = tabs
  await first?.evaluate((given) => bench.tabs.fill(given.name, given.count), { name, count })
  const startAt = Date.now() + 2_000
  const shares = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate((given) => bench.tabs.run(given.name, given.count, given.startAt), {
        name,
        count,
        startAt,
      }),
    ),
  )
  await first?.evaluate((given) => bench.tabs.destroy(given), name)
  for (let job = 0; job < count; job += 1) {
    const times = shares.reduce((sum, { runs }) => sum + Number(runs[job]), 0)
    if (times !== 1) throw new CheckError(`P12: job ${job} ran ${times} times in ${tabs.length} tabs`)
  }
  const ran = shares.map(({ runs }) => runs.replaceAll('0', '').length)
  const lastAt = Math.max(...shares.map((share) => share.lastAt))
  return { rate: (count / (lastAt - startAt)) * 1_000, least: Math.min(...ran) / count }
}

/** The garbage collector can be asked for in Chromium alone. */
const heapOfAJob: Outside = {
  id: 'P7',
  async measure(session, tab, { rounds, scale }) {
    if (session.engine !== 'chromium') return undefined
    const count = Math.max(1_000, Math.round(50_000 * scale))
    const protocol = await openProtocol(session)
    const used = async (): Promise<number> => {
      await protocol.send('HeapProfiler.collectGarbage')
      await protocol.send('HeapProfiler.collectGarbage')
      return (await protocol.send('Runtime.getHeapUsage')).usedSize
    }
    const payload = (await tab.evaluate((jobs) => bench.heap.payloadLength(jobs), count)) / count
    const [loaded, taken]: number[][] = [[], []]
    try {
      for (let round = 0; round < Math.min(rounds, 3); round += 1) {
        const before = await used()
        await tab.evaluate((jobs) => bench.heap.load(jobs), count)
        loaded?.push(((await used()) - before) / count - payload)
        await tab.evaluate(() => bench.heap.drop())
        const empty = await used()
        await tab.evaluate((jobs) => bench.heap.takeIn(jobs), count)
        taken?.push(((await used()) - empty) / count - payload)
        await tab.evaluate(() => bench.heap.drop())
      }
    } finally {
      await protocol.detach()
    }
    return {
      id: 'P7',
      title: 'heap for a pending job, its payload aside',
      unit: 'bytes',
      targets: [{ ours: 'loaded from IndexedDB', is: '<=', target: 600 }],
      figures: [
        { name: 'loaded from IndexedDB', rounds: loaded ?? [] },
        { name: 'taken in, memoryStore and its pages', rounds: taken ?? [] },
      ],
    }
  },
}

/** What the check of sizes says: it holds the budgets, which are exact. */
const size: Outside = {
  id: 'P9',
  async measure() {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const told = await promisify(execFile)('node', [`${root}test/tools/size.ts`], { cwd: root }).catch(
      // Over a budget, or not what the README states: it still says what it measured.
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
    )
    const sizes = [...told.stdout.matchAll(/^(.*\S)\s+(\d+) of \d+ bytes/gm)]
    if (sizes.length === 0) return undefined
    const figures = sizes.map(([, name = '', bytes]) => ({ name, rounds: [Number(bytes) / 1_000] }))
    const targets = figures.map(
      ({ name }, index) => ({ ours: name, is: '<=', target: index === 0 ? 14 : 4 }) as const,
    )
    return { id: 'P9', title: 'size, minified and compressed', unit: 'kB', targets, figures }
  },
}

export const outside: readonly Outside[] = [heapOfAJob, size, fourTabs]
