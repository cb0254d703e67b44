import { expect, test } from 'vitest'
import { caseNames, type Outcomes } from '../behaviour/run.ts'

/** What a runtime answers with. */
export interface Told {
  /** Its name and version, as it says itself. */
  readonly version: string
  readonly outcomes: Outcomes
}

/**
 * Registers a test for each case of the suite, which looks at what became of it in the runtime. It is asked once, by
 * the first test; one that cannot be started fails them all.
 */
export function tellEach(ask: () => Promise<Told>, version: RegExp): void {
  let asked: Promise<Told> | undefined
  const told = (): Promise<Told> => {
    asked ??= ask()
    return asked
  }
  test('all cases ran, in the runtime that is meant', { timeout: 180_000 }, async () => {
    const { version: says, outcomes } = await told()
    console.log(`${says}: ${Object.keys(outcomes).length} cases`)
    expect(says).toMatch(version)
    expect(Object.keys(outcomes)).toEqual(caseNames())
  })
  for (const name of caseNames()) {
    test(name, async () => {
      const { outcomes } = await told()
      expect(outcomes[name]).toBe(null)
    })
  }
}
