/** Works of several tabs, or with an eye on the page from outside. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Tab } from '../engines/engine.ts'
import { measureReclaims } from '../soak/reclaim.ts'
import { CheckError } from './measure.ts'
import { openProtocol } from './protocol.ts'
import type { Session } from './session.ts'
import type { Measured, Target, Work } from './work.ts'

/** A work that the page cannot do alone. */
export interface Outside extends Omit<Work, 'contestants'> {
  /** `undefined`: this browser lets nobody measure it. */
  measure(session: Session, tab: Tab, options: OutsideOptions): Promise<Outcome | undefined>
}

/** What was measured, and targets that depend on it. */
export type Outcome = Pick<Measured, 'figures'> & Partial<Pick<Measured, 'targets'>>

export interface OutsideOptions {
  readonly rounds: number
  readonly scale: number
}

/** What stands where nothing was measured, so that its targets do not go unmentioned. */
export function unmeasured({ id, title, unit, targets }: Outside): Measured {
  return { id, title, unit, targets, figures: [] }
}

const fourTabs: Outside = {
  id: 'P12',
  title: 'four tabs, one of them in sight, drain one queue of 100 000, started together',
  unit: 'jobs/s, and per cent of the jobs',
  targets: [
    { ours: 'four tabs', peer: 'one tab', is: '>=', target: 0.4 },
    { ours: 'the least of a tab (%)', is: '>=', target: 10 },
  ],
  async measure(session, tab, { rounds, scale }) {
    const count = Math.max(100, Math.round(100_000 * scale))
    const alone: Shared[] = []
    const together: Shared[] = []
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      const runs = [
        async () => void alone.push(await shared([tab], `tabs-${round}-1`, count)),
        async () => void together.push(await amongFour(session, tab, `tabs-${round}-4`, count)),
      ]
      for (const run of round % 2 === 0 ? runs : runs.toReversed()) await run()
    }
    return {
      figures: [
        { name: 'one tab', rounds: alone.map(({ rate }) => rate) },
        { name: 'four tabs', rounds: together.map(({ rate }) => rate) },
        { name: 'the least of a tab (%)', rounds: together.map(({ least }) => least * 100) },
      ],
    }
  },
}

interface Shared {
  /** Jobs in a second, from the first call of a handler to the last, in whichever tab. */
  readonly rate: number
  /** The share of the tab that ran least. */
  readonly least: number
}

/** The others are there only as long as they take part. */
async function amongFour(session: Session, tab: Tab, name: string, count: number): Promise<Shared> {
  const others = [await session.open(), await session.open(), await session.open()]
  try {
    return await shared([tab, ...others], name, count)
  } finally {
    for (const other of others) await other.close()
  }
}

/** All tabs run one queue; every job must run in exactly one of them. */
async function shared(tabs: readonly [Tab, ...Tab[]], name: string, count: number): Promise<Shared> {
  const [first] = tabs
  // A tab that was opened since is in front of it.
  await first.show()
  await first.evaluate((given) => bench.tabs.fill(given.name, given.count), { name, count })
  await Promise.all(
    tabs.map((tab) => tab.evaluate((given) => bench.tabs.load(given.name, given.count), { name, count })),
  )
  await first.evaluate(() => bench.tabs.start())
  const shares = await Promise.all(tabs.map((tab) => tab.evaluate(() => bench.tabs.share())))
  await first.evaluate((given) => bench.tabs.destroy(given), name)
  for (let job = 0; job < count; job += 1) {
    const times = shares.reduce((sum, { runs }) => sum + Number(runs[job]), 0)
    if (times !== 1) throw new CheckError(`P12: job ${job} ran ${times} times in ${tabs.length} tabs`)
  }
  const ran = shares.map(({ runs }) => runs.replaceAll('0', '').length)
  // A tab may have come to no job at all.
  const firstAt = Math.min(...shares.flatMap((share) => (share.firstAt === 0 ? [] : [share.firstAt])))
  const lastAt = Math.max(...shares.map((share) => share.lastAt))
  return { rate: (count / (lastAt - firstAt)) * 1_000, least: Math.min(...ran) / count }
}

/** Timers that were set before may hold on to what was let go of (milliseconds). */
const settleMs = 2_000

/** The garbage collector can be asked for in Chromium alone. */
const heapOfAJob: Outside = {
  id: 'P7',
  title: 'heap for a pending job, its payload aside',
  unit: 'bytes',
  targets: [{ ours: 'loaded from IndexedDB', is: '<=', target: 600 }],
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
    // What is held less what is left once it was let go of: what other works left behind may go in between.
    const freed = async (): Promise<number> => {
      await pause(settleMs)
      const full = await used()
      await tab.evaluate(() => bench.heap.drop())
      await pause(settleMs)
      return (full - (await used())) / count - payload
    }
    const loaded: number[] = []
    const taken: number[] = []
    try {
      for (let round = 0; round < Math.min(rounds, 3); round += 1) {
        await tab.evaluate((jobs) => bench.heap.load(jobs), count)
        loaded.push(await freed())
        await tab.evaluate((jobs) => bench.heap.takeIn(jobs), count)
        taken.push(await freed())
      }
    } finally {
      await protocol.detach()
    }
    return {
      figures: [
        { name: 'loaded from IndexedDB', rounds: loaded },
        { name: 'taken in, memoryStore and its pages', rounds: taken },
      ],
    }
  },
}

const core: Target = { ours: 'createQueue, both stores', is: '<=', target: 14 }

/** What the check of sizes says of what is built from the source as it is: it holds the budgets, which are exact. */
const size: Outside = {
  id: 'P9',
  title: 'size, minified and compressed',
  unit: 'kB',
  targets: [core],
  async measure() {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const run = promisify(execFile)
    await run('node', [`${root}test/tools/build.ts`], { cwd: root })
    const told = await run('node', [`${root}test/tools/size.ts`], { cwd: root }).catch(
      // Over a budget, or not what the README states: it still says what it measured.
      (error: { stdout?: string; stderr?: string }) => ({ stdout: '', stderr: String(error), ...error }),
    )
    const sizes = [...told.stdout.matchAll(/^(.*\S)\s+(\d+) of \d+ bytes/gm)]
    const figures = sizes.map(([, name = '', bytes]) => ({ name, rounds: [Number(bytes) / 1_000] }))
    if (!figures.some(({ name }) => name === core.ours)) {
      throw new CheckError(`P9: the check of sizes measured nothing: ${told.stderr}`)
    }
    // What tests alone import is shipped to nobody.
    const others = figures.filter(({ name }) => name !== core.ours && name !== 'holdfast/testing')
    const targets = [core, ...others.map(({ name }) => ({ ours: name, is: '<=', target: 4 }) as const)]
    return { targets, figures }
  },
}

/** In a Chromium of the soak's own, whose renderers are crashed one after the other. */
const reclaimed: Outside = {
  id: 'P11',
  title: 'a renderer crashes in mid-job, until the job runs in another tab',
  unit: 'ms',
  targets: [
    { ours: 'each of ten crashes', is: '<=', target: 500 },
    { ours: 'the longest of them', is: '<=', target: 2_000 },
  ],
  async measure(session) {
    if (session.engine !== 'chromium') return undefined
    const { each, maxMs } = await measureReclaims(10)
    return {
      figures: [
        { name: 'each of ten crashes', rounds: each },
        { name: 'the longest of them', rounds: [maxMs] },
      ],
    }
  },
}

export const outside: readonly Outside[] = [heapOfAJob, size, reclaimed, fourTabs]
