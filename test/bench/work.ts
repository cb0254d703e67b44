/** One who does a piece of work: this library in one of its forms, or a peer. */
export interface Contestant {
  readonly name: string
  /** How often it runs: less than the work's rounds where it takes long and differs little. */
  readonly rounds?: number | undefined
}

/** How the name ends of a contestant that does in a new page what another does in one that is warm. */
export const firstThing = 'first thing in a page'

/** What is to hold between two contestants' figures, or of one figure alone. */
export interface Target {
  readonly ours: string
  /** Absent: the figure itself is held to the target. */
  readonly peer?: string | undefined
  readonly is: '>=' | '<='
  readonly target: number
}

/** A line, or some lines, of the table. */
export interface Work {
  readonly id: string
  readonly title: string
  /** Of the figures. */
  readonly unit: string
  readonly targets: readonly Target[]
  readonly contestants: readonly Contestant[]
  /** How much of a run each contestant does before the first that counts. @default 0.1 */
  readonly warmUp?: number | undefined
}

/** A work with every figure that its contestants reached, round by round. */
export interface Measured extends Omit<Work, 'contestants' | 'warmUp'> {
  readonly figures: readonly Figures[]
}

export interface Figures {
  readonly name: string
  readonly rounds: readonly number[]
}

/** What the page says of a run: nothing while it lasts. */
export type Told = { readonly figure: number } | { readonly error: string } | undefined
