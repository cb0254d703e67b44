import { contextFaults } from './context.ts'
import type { Fault } from './fault.ts'
import { judgeFaults } from './judges.ts'
import { machineFaults } from './machine.ts'
import { quickNoteFaults } from './notes.ts'
import { outsideFaults } from './outside.ts'

/** The faults, by where they are planted. */
export const faults: readonly Fault[] = [
  ...machineFaults,
  ...contextFaults,
  ...outsideFaults,
  ...judgeFaults,
  ...quickNoteFaults,
]
