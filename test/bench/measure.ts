import type { Tab } from '../engines/engine.ts'
import { until } from '../engines/engine.ts'
import type { Contestant, Figures, Measured, Work } from './work.ts'

export interface MeasureOptions {
  readonly rounds: number
  /** The share of the jobs to do it with. */
  readonly scale: number
  /** Told before each run. */
  readonly begun?: (what: string) => void
}

/** The longest that one contestant may take for one round: for machines that do other things besides. */
const patienceMs = 600_000

/** Does one work so many rounds: whoever began one round comes last in the next. */
export async function measure(tab: Tab, work: Work, options: MeasureOptions): Promise<Measured> {
  const { contestants, ...told } = work
  const figures = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { name, rounds = options.rounds } of alternated(contestants, round)) {
      if (round >= rounds) continue
      options.begun?.(`${work.id} ${name}, round ${round + 1}`)
      figures.get(name)?.push(await runOnce(tab, work.id, name, options.scale))
    }
  }
  return { ...told, figures: [...figures].map(([name, rounds]): Figures => ({ name, rounds })) }
}

function alternated(contestants: readonly Contestant[], round: number): readonly Contestant[] {
  return round % 2 === 0 ? contestants : contestants.toReversed()
}

/** @throws Error naming the contestant, when its results are not what they must be. */
export async function runOnce(tab: Tab, work: string, contestant: string, scale: number): Promise<number> {
  await tab.evaluate((order) => bench.begin(order), { work, contestant, scale })
  const told = await until(
    () => tab.evaluate(() => bench.told() ?? null).then((answer) => answer ?? undefined),
    `${contestant} to end its ${work}`,
    patienceMs,
  )
  if ('error' in told) throw new CheckError(`${work}, ${contestant}: ${told.error}`)
  return told.figure
}

/** A contestant did not do what it was to do. */
export class CheckError extends Error {}
