export { type StoreConformanceOptions, storeConformance } from './conformance.ts'
export {
  type Fault,
  type FaultPlan,
  type FaultyMethod,
  type FaultyOperation,
  type FaultyStoreFactory,
  faultyStore,
} from './faulty-store.ts'
export { type Passed, type TestQueue, type TestQueueOptions, testQueue } from './kit.ts'
export type { EnqueuedJob, JobMatch } from './kit-match.ts'
export type { Performed } from './kit-perform.ts'
export { type ManualClock, type ManualClockOptions, manualClock } from './manual-clock.ts'
export {
  type SimulateManyOptions,
  type SimulateOptions,
  SimulationFailure,
  type SimulationReport,
  type SimulationSummary,
  simulate,
  simulateMany,
} from './simulator.ts'
