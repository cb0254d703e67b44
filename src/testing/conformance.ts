import type { StoreFactory } from '../store/contract.ts'
import { appendCases } from './conformance/append.ts'
import { onBench } from './conformance/bench.ts'
import { checkpointCases } from './conformance/checkpoint.ts'
import { contentionCases } from './conformance/contention.ts'
import { joinCases } from './conformance/join.ts'
import { lifecycleCases } from './conformance/lifecycle.ts'
import { payloadCases } from './conformance/payloads.ts'
import { byeCases, hintCases } from './conformance/presence.ts'

/** Options of {@link storeConformance}. */
export interface StoreConformanceOptions {
  /** Registers one test: `test` of node:test, of Vitest, or anything of this shape. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Gives the factory under test. Called once for each test; its queues are given names that nobody else uses. */
  readonly factory: () => StoreFactory | Promise<StoreFactory>
  /**
   * Gives another factory on the data of the one before, as after a restart of the process. Without it, that a
   * durable store keeps what was committed is not tested.
   */
  readonly reopen?: () => StoreFactory | Promise<StoreFactory>
  /**
   * Whether the engine gives hints to handles in the same process.
   *
   * @default true
   */
  readonly hints?: boolean
  /**
   * Whether a refused commit reads, decides and appends in one step, so that `decide` is called at most twice.
   *
   * @default true
   */
  readonly oneStep?: boolean
}

/**
 * Registers a test for every sentence of the {@link Store} contract. Needs no test runner of its own.
 *
 * @example
 * ```ts
 * import { memoryStore } from 'holdfast'
 * import { storeConformance } from 'holdfast/testing'
 *
 * const tests = new Map<string, () => Promise<void>>()
 * storeConformance({ test: (name, run) => tests.set(name, run), factory: memoryStore })
 * for (const [name, run] of tests) await run().catch((cause) => Promise.reject(new Error(name, { cause })))
 * ```
 */
export function storeConformance(options: StoreConformanceOptions): void {
  const { test, factory, reopen, hints = true, oneStep = true } = options
  const cases = {
    ...appendCases,
    ...contentionCases,
    ...payloadCases,
    ...checkpointCases,
    ...joinCases,
    ...byeCases,
    ...(hints && hintCases),
    ...lifecycleCases,
  }
  for (const [name, run] of Object.entries(cases)) {
    test(name, async () => onBench({ factory: await factory(), reopen, oneStep }, run))
  }
}
