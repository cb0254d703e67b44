import type { StoreFactory } from 'holdfast'
import { type Cases, onBench } from './bench.ts'
import { effectCases } from './effects.ts'
import { intakeCases } from './intake.ts'
import { lifeCases } from './life.ts'
import { misuseCases } from './misuse.ts'
import { operatingCases } from './operating.ts'
import { orderCases } from './order.ts'
import { outsideCases } from './outside.ts'
import { payloadCases } from './payloads.ts'
import { runningCases } from './running.ts'
import { sightCases } from './sight.ts'
import { uniqueCases } from './unique.ts'

/** Options of {@link behaviour}. */
export interface BehaviourOptions {
  /** Registers one test: `test` of node:test, of Vitest, or anything of this shape. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Gives a store for one case; the queues in it get names that nobody else uses. */
  readonly store: () => StoreFactory
  /** Gives another one on the data of the one before, as after a restart; absent where nothing outlives it. */
  readonly reopen?: (() => StoreFactory) | undefined
}

/**
 * What users rely on in a whole queue, wherever it runs: a test for each sentence. Needs a store, the package, and of
 * the platform only what every runtime has; no test runner, no DOM, no modules of a runtime.
 */
export function behaviour({ test, store, reopen }: BehaviourOptions): void {
  const cases: Cases = {
    ...runningCases,
    ...effectCases,
    ...orderCases,
    ...uniqueCases,
    ...intakeCases,
    ...payloadCases,
    ...operatingCases,
    ...sightCases,
    ...outsideCases,
    ...lifeCases,
    ...misuseCases,
  }
  for (const [name, run] of Object.entries(cases)) {
    test(name, () => onBench({ store, reopen }, run))
  }
}
