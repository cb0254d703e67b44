import type { Disk } from './disk.ts'
import type { StoreFaults } from './profile.ts'
import type { Mortal, World } from './world.ts'

/** What the handles of all contexts have in common. */
export interface Engine {
  readonly world: World
  readonly disk: Disk
  readonly faults: StoreFaults
  /** The origin is full: what brings new bytes in is refused. */
  isFull: boolean
  /** Handles that listen for hints, by context. */
  readonly listeners: Map<Mortal, Set<() => void>>
  crash(whom: Mortal): void
  /** A checkpoint was written; whoever wrote it does not know yet. Returns whether the log is gone by now. */
  truncated(): boolean
}
