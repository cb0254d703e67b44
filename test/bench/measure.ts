import type { Tab } from '../engines/engine.ts'
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

/** Does one work so many rounds, once everybody is warm; one round alone is for what comes out, not for how fast. */
export async function measure(tab: Tab, work: Work, options: MeasureOptions): Promise<Measured> {
  const { contestants, warmUp = 0.1, ...told } = work
  const { rounds, scale, begun } = options
  const figures = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  for (const { name } of rounds > 1 ? contestants : []) {
    begun?.(`${work.id} ${name}, to warm up`)
    await runOnce(tab, work.id, name, scale * warmUp)
  }
  let order = contestants
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, rounds: most = rounds } of order) {
      if (round >= most) continue
      begun?.(`${work.id} ${name}, round ${round + 1}`)
      figures.get(name)?.push(await runOnce(tab, work.id, name, scale))
    }
    order = nextOrder(order, round)
  }
  return { ...told, figures: [...figures].map(([name, rounds]): Figures => ({ name, rounds })) }
}

/** Whoever began comes last; after every other round the rest change neighbours, so that none follows one always. */
function nextOrder([first, ...rest]: readonly Contestant[], round: number): readonly Contestant[] {
  if (first === undefined) return []
  if (round % 2 === 0) return [...rest, first]
  return [...rest.filter((_, index) => index % 2 === 1), ...rest.filter((_, index) => index % 2 === 0), first]
}

/** @throws Error naming the contestant, when its results are not what they must be. */
export async function runOnce(tab: Tab, work: string, contestant: string, scale: number): Promise<number> {
  const told = await tab.evaluate(doOnce, { work, contestant, scale, patienceMs })
  if ('error' in told) throw new CheckError(`${work}, ${contestant}: ${told.error}`)
  return told.figure
}

interface Order {
  readonly work: string
  readonly contestant: string
  readonly scale: number
  readonly patienceMs: number
}

/** Runs in the page, which looks by itself: whoever asks from outside has it answer in the middle of a run. */
async function doOnce(order: Order): Promise<{ readonly figure: number } | { readonly error: string }> {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))
  // Nobody is to pay for what the one before left.
  globalThis.gc?.()
  await pause()
  const end = performance.now() + order.patienceMs
  bench.begin(order)
  for (;;) {
    const told = bench.told()
    if (told !== undefined) return told
    if (performance.now() > end) return { error: `did not end within ${order.patienceMs} ms` }
    await pause()
  }
}

/** A contestant did not do what it was to do. */
export class CheckError extends Error {}
