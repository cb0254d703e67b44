import { dispute } from './dispute.ts'
import { bringHome, closeAll, heal, settleAccounts } from './ending.ts'
import { strike } from './faults.ts'
import { operate } from './operations.ts'
import type { Simulation } from './simulation.ts'
import { nextTurn } from './turn.ts'
import type { Mortal } from './world.ts'

/** How long nothing happens where nothing would ever happen by itself (milliseconds): callers come again. */
const idleMs = 10_000

/** Runs a schedule to its end: so many steps among faults, then until everything has come home. Throws what it finds. */
export async function runSchedule(
  simulation: Simulation,
  steps: number,
  progress: { step: number },
): Promise<void> {
  const { profile } = simulation
  const [owner = ''] = profile.owners
  operate(simulation)
  simulation.open(owner, true)
  for (progress.step = 0; progress.step < steps; progress.step++) await disturbedStep(simulation)
  heal(simulation)
  const step = async (): Promise<void> => {
    progress.step++
    await calmStep(simulation)
  }
  await bringHome(simulation, step)
  await settleAccounts(simulation, step)
  if (simulation.random.chance(0.2)) {
    await dispute(simulation, step)
    await bringHome(simulation, step)
    await settleAccounts(simulation, step)
  }
  await closeAll(simulation, step)
}

/** Something that is due happens; before it, now and then, a caller asks, a fault strikes, or time passes. */
async function disturbedStep(simulation: Simulation): Promise<void> {
  const { random, profile, world } = simulation
  const { operationRate, faultRate, patience } = profile
  if (random.chance(operationRate)) await touched(simulation, operate(simulation))
  if (random.chance(faultRate)) await touched(simulation, strike(simulation))
  if (random.chance(patience)) world.pass(random.pick([1, 30, 1_000, 10_000]))
  await calmStep(simulation)
}

/** Something that is due happens; when nothing is, time passes until something is. */
async function calmStep(simulation: Simulation): Promise<void> {
  const { random, world } = simulation
  let [first, ...others] = world.ready()
  if (first === undefined) {
    world.pass(world.untilNext() ?? idleMs)
    ;[first, ...others] = world.ready()
  }
  if (first === undefined) return
  const action = random.pick([first, ...others])
  await world.perform(action)
  simulation.check(action.whom)
}

async function touched(simulation: Simulation, whom: Mortal | undefined): Promise<void> {
  await nextTurn()
  simulation.check(whom)
}
