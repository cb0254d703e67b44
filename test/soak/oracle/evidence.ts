import type { Scene } from '../scene.ts'

/** What came of a soak. */
export interface Verdict {
  /** What was promised and does not hold; and what was not even tried. */
  readonly findings: readonly string[]
  readonly figures: Readonly<{ [figure: string]: number | string }>
}

/** What the judges are given: what the contexts told, and the server's own records. */
export type Evidence = Pick<Scene, 'record' | 'server'>
