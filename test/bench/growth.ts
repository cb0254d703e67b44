/** The curves: `npm run bench -- --growth`. Each queue is made once, and all that is to be known of it read from it. */
import type { Tab } from '../engines/engine.ts'
import {
  type Amounts,
  amountsOf,
  type Dimension,
  dimensions,
  heldIn,
  named,
  type Quantity,
} from './dimensions.ts'
import { runOnce } from './measure.ts'
import { openProtocol } from './protocol.ts'
import { median } from './report.ts'
import type { Session } from './session.ts'
import type { Figures, Measured, Target, Work } from './work.ts'

export interface GrowthOptions {
  readonly rounds: number
  readonly scale: number
  readonly isWanted: (id: string) => boolean
  /** Told before each run. */
  readonly begun: (what: string) => void
}

/** Above what n log n allows: what takes a few milliseconds differs by half from one time to the next. */
const slack = 2
const mostRounds = 3
const gone = 'G11'
/** What can be asked for by name. */
export const curves: readonly string[] = [gone, ...dimensions.map(({ id }) => id)]

/** The heap is as it stays when two collections in a row free less than this. */
const steadyBytes = 50_000
const largeBytes = 30_000_000
const mostTries = 30

/** Measures whatever grows, one curve after the other. */
export async function* measureGrowth(
  session: Session,
  tab: Tab,
  options: GrowthOptions,
): AsyncGenerator<Measured> {
  const works = await tab.evaluate(() => bench.works('growth'))
  const heap = await openHeap(session)
  try {
    // First, while the origin has no past that its engine still tidies up.
    if (options.isWanted(gone)) yield* measureGone(tab, worksOf(works, gone), options)
    for (const dimension of dimensions) {
      if (options.isWanted(dimension.id)) yield* measureOne(tab, dimension, works, heap, options)
    }
  } finally {
    await heap?.end()
  }
}

function worksOf(works: readonly Work[], id: string): Work[] {
  return works.filter((work) => work.id.startsWith(`${id} `))
}

/** Jobs go through one queue: all is read of it each time so many did. */
async function* measureGone(
  tab: Tab,
  works: readonly Work[],
  { scale, begun }: GrowthOptions,
): AsyncGenerator<Measured> {
  const figures = new Map<string, Figures[]>(works.map(({ id }) => [id, []]))
  for (const { name } of works[0]?.contestants ?? []) {
    for (const { id } of works) {
      begun(`${id}, ${name}`)
      figures.get(id)?.push({ name, rounds: [await runOnce(tab, id, name, scale)] })
    }
  }
  await letGo(tab, scale)
  for (const { contestants: _, ...work } of works) yield { ...work, figures: figures.get(work.id) ?? [] }
}

async function* measureOne(
  tab: Tab,
  dimension: Dimension,
  works: readonly Work[],
  heap: Heap | undefined,
  { rounds, scale, begun }: GrowthOptions,
): AsyncGenerator<Measured> {
  const quantities = dimension.quantities.filter((quantity) => quantity !== 'heap' || heap !== undefined)
  const figures = new Map<Quantity, Figures[]>(quantities.map((quantity) => [quantity, []]))
  for (const size of dimension.sizes) {
    await letGo(tab, scale)
    await heap?.begin()
    for (const quantity of quantities) {
      const taken: number[] = []
      // Counted exactly: it would only be the same again.
      const times = quantity === 'disk' ? 1 : Math.min(rounds, mostRounds)
      for (let round = 0; round < times; round += 1) {
        begun(`${dimension.id} ${quantity} at ${named(size)}, round ${round + 1}`)
        const figure = await runOnce(tab, `${dimension.id} ${quantity}`, named(size), scale)
        taken.push(quantity === 'heap' && heap !== undefined ? await heap.grown() : figure)
      }
      figures.get(quantity)?.push({ name: named(size), rounds: taken })
    }
  }
  await letGo(tab, scale)
  for (const quantity of quantities) {
    const work = works.find(({ id }) => id === `${dimension.id} ${quantity}`)
    if (work === undefined) throw new RangeError(`The page knows no ${dimension.id} ${quantity}`)
    const { contestants: _, ...told } = work
    const drawn = figures.get(quantity) ?? []
    yield { ...told, figures: drawn, targets: targetsOf(dimension, quantity, drawn, scale) }
  }
}

async function letGo(tab: Tab, scale: number): Promise<void> {
  await runOnce(tab, 'between', 'let go', scale)
}

/**
 * The last against what was least for each thing held: it may be as much more as there is more held, by what a
 * logarithm adds to that, and by the slack.
 */
function targetsOf(
  dimension: Dimension,
  quantity: Quantity,
  figures: readonly Figures[],
  scale: number,
): Target[] {
  const points = dimension.sizes.map((size, index) => {
    const amounts = amountsOf(dimension, size, scale)
    const figure = median(figures[index]?.rounds ?? [])
    const things = thingsFor(quantity, amounts)
    return { name: named(size), each: figure / things, things, log: Math.log2(heldIn(amounts)) }
  })
  const last = points.at(-1)
  // What the collector leaves can be more than what a few jobs weigh.
  const [least] = points
    .slice(0, -1)
    .filter(({ each }) => each > 0)
    .sort((a, b) => a.each - b.each)
  if (last === undefined || least === undefined) return []
  const target = (last.things / least.things) * Math.max(1, last.log / least.log) * slack
  return [{ ours: last.name, peer: least.name, is: '<=', target }]
}

/** What a figure is divided by: the cost is one job's already, but every context that has it open pays it. */
function thingsFor(quantity: Quantity, amounts: Amounts): number {
  const { replicas } = amounts
  if (quantity === 'cost') return replicas
  return heldIn(amounts) * (quantity === 'heap' ? replicas : 1)
}

interface Heap {
  /** From here on it is counted: nothing is held. */
  begin(): Promise<void>
  /** Megabytes that are held since. */
  grown(): Promise<number>
  end(): Promise<void>
}

/** The garbage collector can be asked for in Chromium alone. */
async function openHeap(session: Session): Promise<Heap | undefined> {
  if (session.engine !== 'chromium') return undefined
  const protocol = await openProtocol(session)
  const collected = async (): Promise<number> => {
    await protocol.send('HeapProfiler.collectGarbage')
    await protocol.send('HeapProfiler.collectGarbage')
    return (await protocol.send('Runtime.getHeapUsage')).usedSize
  }
  // Queues that were closed a moment ago are held on to for a while, large ones for seconds.
  const used = async (): Promise<number> => {
    let before = await collected()
    for (let tries = 0, steady = 0; steady < 2 && tries < mostTries; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, before > largeBytes ? 1_000 : 50))
      const now = await collected()
      steady = before - now < steadyBytes ? steady + 1 : 0
      before = now
    }
    return before
  }
  let before = 0
  return {
    begin: async () => {
      before = await used()
    },
    grown: async () => ((await used()) - before) / 1e6,
    end: () => protocol.detach(),
  }
}
