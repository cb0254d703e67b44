import { connectionCases } from './connection.ts'
import { costCases } from './cost.ts'
import { blobCases, damageCases, failureCases } from './failures.ts'

/** This adapter's own promises and faults, in any engine: beside the conformance suite, not in the place of it. */
export function indexedDbCases(): void {
  costCases()
  connectionCases()
  failureCases()
  damageCases()
  blobCases()
}
