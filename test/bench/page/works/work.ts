import type { Contestant, Work } from '../../work.ts'

/** A contestant as the page has it. */
export interface Runner extends Contestant {
  /**
   * Does the work once, on fresh storage. `scale` is the share of the jobs to do it with.
   *
   * @throws Error when a job was lost, ran twice or was left behind.
   */
  readonly run: (scale: number) => Promise<number>
}

export interface PageWork extends Omit<Work, 'contestants'> {
  readonly contestants: readonly Runner[]
}

/** So many jobs at that scale: at least a few. */
export function scaled(count: number, scale: number): number {
  return Math.max(5, Math.round(count * scale))
}

/**
 * Several figures of one run: who is asked first has it done, the others tell what it yielded, each once.
 *
 * @param run resolves to the figure of each name
 */
export function together(
  names: readonly string[],
  run: (scale: number) => Promise<ReadonlyMap<string, number>>,
  rounds?: number,
): Runner[] {
  let kept = { scale: 0, figures: new Map<string, number>() }
  return names.map((name) => ({
    name,
    rounds,
    async run(scale) {
      if (kept.scale !== scale || !kept.figures.has(name))
        kept = { scale, figures: new Map(await run(scale)) }
      const figure = kept.figures.get(name)
      kept.figures.delete(name)
      if (figure === undefined) throw new RangeError(`no run tells the figure of ${name}`)
      return figure
    },
  }))
}
