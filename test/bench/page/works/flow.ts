import { amountsOf, type Dimension } from '../../dimensions.ts'
import { expectCount } from '../jobs.ts'
import {
  destroyFixture,
  expectHeld,
  type Fixture,
  type GrownQueue,
  makeFixture,
  openFixture,
  takeIn,
} from './fixture.ts'
import { ahead, createPace, type Pace, step } from './pace.ts'
import { type PageWork, scaled } from './work.ts'

/** How many steps go through: enough for several checkpoints at any backlog. */
const steps = 30
const warm = 4 * step

/** What one job costs, in and out, while a backlog of constant length waits: microseconds. */
export async function flow(fixture: Fixture, scale: number): Promise<number> {
  const measured = step * scaled(steps, scale)
  const count = warm + measured
  const pace = createPace({
    warm,
    count,
    intake: () => takeIn(queue, fixture, step),
    note(number) {
      if (fixture.ran.has(number)) throw new Error(`job ${number} ran twice`)
      fixture.ran.add(number)
    },
  })
  const queue = openFixture(fixture, pace.run)
  const others = Array.from({ length: fixture.amounts.replicas - 1 }, () => openFixture(fixture, pace.run))
  try {
    // Not `info`, here nor while it runs: that would have them keep lists that a worker alone has no use for.
    await Promise.all([queue, ...others].map((each) => each.get('')))
    const first = await replenish(queue, fixture)
    await queue.start()
    const taken = await pace.taken
    // What ran last is about to say that it is done: it must not be given back.
    await new Promise((resolve) => setTimeout(resolve, 0))
    await queue.stop({ graceMs: 0 })
    const left = first + (await pace.brought()) - count
    expectSteady(pace)
    await expectHeld(queue, fixture, left)
    expectCount('jobs that ran or wait', fixture.ran.size + left, fixture.next)
    return (taken * 1_000) / measured
  } finally {
    await Promise.all([queue, ...others].map((each) => each.close()))
  }
}

/** Brings the backlog to what a {@link Pace} begins with; resolves to how many wait then. */
async function replenish(queue: GrownQueue, fixture: Fixture): Promise<number> {
  const wanted = fixture.amounts.backlog + ahead * step
  await takeIn(queue, fixture, wanted - (fixture.next - fixture.ran.size))
  return wanted
}

/** @throws Error when the backlog was not as long all the while, give or take a few steps. */
function expectSteady(pace: Pace): void {
  const { least, most } = pace.seen()
  if (least >= 0 && most <= (ahead + 1) * step) return
  throw new Error(`from ${least} to ${most} more jobs waited than the backlog, in steps of ${step}`)
}

const waiting: Dimension = {
  id: 'P6',
  title: 'jobs that wait',
  sizes: [1_000, 100_000],
  quantities: ['cost'],
  amountsOf: (backlog) => ({ backlog }),
}

async function flowAt(backlog: number, scale: number): Promise<number> {
  const fixture = await makeFixture(amountsOf(waiting, backlog, scale))
  try {
    return await flow(fixture, scale)
  } finally {
    await destroyFixture(fixture)
  }
}

/** What one job costs while a backlog of constant length waits. */
export const grown: PageWork = {
  id: 'P6',
  title: 'cost of a job at a backlog of 100 000',
  unit: 'µs',
  targets: [{ ours: '100 000 waiting', peer: '1 000 waiting', is: '<=', target: 1.5 }],
  contestants: [
    { name: '1 000 waiting', run: (scale) => flowAt(1_000, scale), rounds: 3 },
    { name: '100 000 waiting', run: (scale) => flowAt(100_000, scale), rounds: 3 },
  ],
}
