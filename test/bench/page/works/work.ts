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
