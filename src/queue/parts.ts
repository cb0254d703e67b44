import type { Backlog } from '../machine/enqueue.ts'
import type { Deciding } from '../machine/decide.ts'
import type { Now } from '../machine/events.ts'
import type { Drafting, Replica } from '../replica/types.ts'
import type { Store } from '../store/contract.ts'
import type { Sender } from '../sync/types.ts'
import type { Clock } from '../types.ts'
import type { Connectivity, Kind } from '../worker/types.ts'
import type { Worker } from '../worker/worker.ts'
import type { Duty } from './duty.ts'
import type { Emitter } from './emitter.ts'
import type { StoreState } from './events.ts'
import type { Pulse } from './pulse.ts'
import type { createQuotaWatch } from './quota.ts'
import type { Results } from './results.ts'

/** A queue's rooms, wired together: what its methods work with. */
export interface Parts {
  readonly name: string
  readonly owner: string
  readonly kinds: ReadonlyMap<string, Kind>
  readonly clock: Clock
  readonly store: Store
  readonly replica: Replica
  readonly worker: Worker
  readonly duty: Duty
  readonly sender: Sender | undefined
  readonly connectivity: Connectivity
  readonly emitter: Emitter
  readonly results: Results
  readonly pulse: Pulse
  readonly backlog: Backlog
  readonly maxPayloadBytes: number
  readonly watchQuota: ReturnType<typeof createQuotaWatch>
  readonly maxRunning: number
  readonly concurrency: number
  readonly mint: () => string
  readonly storeState: () => StoreState
  /** The destruction under way, if any; never rejects. */
  readonly erasure: { current: Promise<void> | undefined }
  readonly deciding: (drafting: Drafting) => Deciding
  /** Undoes what holds the queue to its context, when it closes. */
  readonly detach: () => void
}

/** Both of the context's clocks. */
export function nowOf(clock: Clock): Now {
  return { wall: clock.now(), mono: clock.monotonic() }
}
