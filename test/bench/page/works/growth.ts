import { amountsOf, type Dimension, dimensions, named, type Quantity } from '../../dimensions.ts'
import { destroyFixture, type Fixture, type GrownQueue, makeFixture } from './fixture.ts'
import { flow } from './flow.ts'
import { coldStart, diskOf, openIdle } from './readings.ts'
import { letThroughGo, through } from './through.ts'
import type { PageWork } from './work.ts'

/** The queue that was looked at last: making one takes longer than looking at it. */
let held: { readonly what: string; readonly fixture: Fixture } | undefined
let opened: readonly GrownQueue[] = []

const readings: Readonly<Record<Quantity, Reading>> = {
  cost: { title: 'µs a job', unit: 'µs', read: flow },
  cold: { title: 'cold start', unit: 'ms', read: coldStart },
  disk: { title: 'bytes of all records', unit: 'kB', read: diskOf },
  heap: { title: 'heap of all that have it open', unit: 'MB', read: hold },
}

interface Reading {
  readonly title: string
  readonly unit: string
  readonly read: (fixture: Fixture, scale: number) => Promise<number>
}

/** Opens it, and keeps it open until something else is asked for: what it weighs is seen from outside alone. */
async function hold(fixture: Fixture): Promise<number> {
  opened = await openIdle(fixture, fixture.amounts.replicas)
  return 0
}

async function close(): Promise<void> {
  await Promise.all(opened.map((each) => each.close()))
  opened = []
}

async function letGo(): Promise<number> {
  await close()
  if (held !== undefined) await destroyFixture(held.fixture)
  held = undefined
  await letThroughGo()
  return 0
}

async function look(dimension: Dimension, size: number, quantity: Quantity, scale: number): Promise<number> {
  await close()
  const what = `${dimension.id} ${size} ${scale}`
  if (held?.what !== what) {
    await letGo()
    held = { what, fixture: await makeFixture(amountsOf(dimension, size, scale)) }
  }
  return readings[quantity].read(held.fixture, scale)
}

const curves: readonly PageWork[] = dimensions.flatMap((dimension) =>
  dimension.quantities.map((quantity) => ({
    id: `${dimension.id} ${quantity}`,
    title: `${readings[quantity].title} by ${dimension.title}`,
    unit: readings[quantity].unit,
    targets: [],
    contestants: dimension.sizes.map((size) => ({
      name: named(size),
      run: (scale) => look(dimension, size, quantity, scale),
    })),
  })),
)

/** What is done between curves; no curve itself. */
const between: PageWork = {
  id: 'between',
  title: 'let go of what was looked at',
  unit: '',
  targets: [],
  contestants: [{ name: 'let go', run: letGo }],
}

/** What grows, and what it costs: `npm run bench -- --growth`, which goes through them in its own order. */
export const growth: readonly PageWork[] = [...through, ...curves, between]
