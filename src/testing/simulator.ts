import { createCensus, type Counts } from './simulator/census.ts'
import { missingFrom } from './simulator/coverage.ts'
import { runSchedule } from './simulator/schedule.ts'
import { Simulation } from './simulator/simulation.ts'
import { createTrace } from './simulator/trace.ts'
import { Violation } from './simulator/violation.ts'

/** Options of {@link simulate}. */
export interface SimulateOptions {
  /** Chooses everything: the same seed makes the same schedule. A whole number from 0 to below 2³². */
  readonly seed: number
  /** How many steps are taken while faults happen. @default 200 */
  readonly steps?: number
  /** Called with each line of the trace. */
  readonly onTrace?: (line: string) => void
}

/** What a schedule came to. */
export interface SimulationReport {
  readonly seed: number
  /** With those after faults had stopped. */
  readonly steps: number
  /** The time that passed in the simulated world. */
  readonly virtualMs: number
  /** Of the whole trace: two runs that did the same have the same. */
  readonly hash: string
  /** How often each fault struck, each event was logged or told, and so on. */
  readonly counts: Counts
}

/** What {@link simulate} rejects with: something that must always hold did not. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure'
  readonly seed: number
  /** The step after which it was found. */
  readonly step: number
  /** Which invariant, in words. */
  readonly invariant: string
  /** The last lines of the trace. */
  readonly trace: readonly string[]

  constructor(at: { seed: number; step: number; trace: readonly string[] }, cause: unknown) {
    const invariant = cause instanceof Violation ? cause.invariant : 'nothing is thrown that nobody catches'
    const message = cause instanceof Error ? cause.message : String(cause)
    const lines = at.trace.map((line) => `  ${line}`).join('\n')
    super(`Seed ${at.seed}, step ${at.step}: ${invariant}: ${message}\n${lines}`, { cause })
    this.seed = at.seed
    this.step = at.step
    this.invariant = invariant
    this.trace = [...at.trace]
  }
}

/**
 * Runs one schedule: several contexts of one queue, over a virtual clock, a simulated store, network and server, while
 * callers ask for everything a queue can do and nearly everything goes wrong. An oracle checks after every step that
 * what must always hold does; once faults stop, that everything comes to its end.
 *
 * @throws SimulationFailure (the promise rejects) with the seed, the step, the invariant and the end of the trace.
 * @throws RangeError when the seed or the steps are not whole numbers from 0.
 * @example
 * ```ts
 * import { simulate } from 'holdfast/testing'
 *
 * const { hash, virtualMs } = await simulate({ seed: 7, steps: 50 })
 * console.log(hash, virtualMs)
 * ```
 */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { seed, steps = 200, onTrace } = options
  for (const [name, value] of Object.entries({ seed, steps })) {
    if (Number.isSafeInteger(value) && value >= 0) continue
    throw new RangeError(`Cannot simulate: ${name} is ${value}, expected a whole number from 0`)
  }
  const [trace, census, progress] = [createTrace(onTrace), createCensus(), { step: 0 }]
  const simulation = new Simulation(seed, trace, census)
  try {
    await runSchedule(simulation, steps, progress)
  } catch (error) {
    throw new SimulationFailure({ seed, step: progress.step, trace: trace.tail }, error)
  } finally {
    simulation.end()
  }
  const virtualMs = simulation.world.now
  return { seed, steps: progress.step, virtualMs, hash: trace.hash, counts: census.counts }
}

/** Options of {@link simulateMany}. */
export interface SimulateManyOptions {
  /** The first seed; the others follow it. */
  readonly from: number
  /** How many schedules. */
  readonly count: number
  /** @default 200 */
  readonly steps?: number
}

/** What many schedules came to, up to the first that failed. */
export interface SimulationSummary {
  /** How many ran, the one that failed included. */
  readonly schedules: number
  readonly steps: number
  readonly virtualMs: number
  readonly counts: Counts
  /** Which faults and transitions never occurred: for some thousand schedules, there should be none. */
  readonly missing: readonly string[]
  /** `undefined`: none. */
  readonly failure: SimulationFailure | undefined
}

/**
 * Runs schedules of consecutive seeds until one fails.
 *
 * @example
 * ```ts
 * import { simulateMany } from 'holdfast/testing'
 *
 * const { failure, schedules } = await simulateMany({ from: 1, count: 3, steps: 50 })
 * console.log(failure?.message ?? `${schedules} schedules hold`)
 * ```
 */
export async function simulateMany(options: SimulateManyOptions): Promise<SimulationSummary> {
  const { from, count, steps = 200 } = options
  const counts: Record<string, number> = {}
  const sum = { schedules: 0, steps: 0, virtualMs: 0, counts }
  for (let seed = from; seed < from + count; seed++) {
    sum.schedules++
    try {
      const report = await simulate({ seed, steps })
      sum.steps += report.steps
      sum.virtualMs += report.virtualMs
      for (const [name, times] of Object.entries(report.counts)) counts[name] = (counts[name] ?? 0) + times
    } catch (error) {
      if (error instanceof SimulationFailure) return { ...sum, missing: missingFrom(counts), failure: error }
      throw error
    }
  }
  return { ...sum, missing: missingFrom(counts), failure: undefined }
}
