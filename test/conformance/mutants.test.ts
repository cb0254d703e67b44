import { expect, test } from 'vitest'
import { storeConformance } from '../../src/testing/conformance.ts'
import { commitMutants } from './mutants/commit.ts'
import { type Mutant, mutantStore } from './mutants/mutant.ts'
import { otherMutants } from './mutants/other.ts'

for (const [name, mutant] of Object.entries({ ...commitMutants, ...otherMutants })) {
  test(`the suite catches a store that ${name}`, async () => {
    await expect(run(mutant)).rejects.toThrow()
  })
}

async function run(mutant: Mutant): Promise<void> {
  const tests = new Map<string, () => Promise<void>>()
  storeConformance({ test: (name, test) => tests.set(name, test), factory: () => mutantStore(mutant) })
  const named = tests.get(mutant.caughtBy)
  // Not a rejection, which is what is hoped for.
  if (named === undefined) return
  await named()
}
