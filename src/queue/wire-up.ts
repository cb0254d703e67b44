import { nanoid } from 'nanoid'
import type { Deciding } from '../machine/decide.ts'
import { createReplica } from '../replica/replica.ts'
import type { Drafting } from '../replica/types.ts'
import type { Store } from '../store/contract.ts'
import { indexedDbStore } from '../store/indexeddb.ts'
import { memoryStore } from '../store/memory.ts'
import { createConnectivity } from '../sync/connectivity.ts'
import { wishesOf } from '../sync/options.ts'
import { createSender } from '../sync/sender.ts'
import type { Clock } from '../types.ts'
import type { Connectivity, Kind, WorkerOptions } from '../worker/types.ts'
import { Worker } from '../worker/worker.ts'
import { attend } from './attend.ts'
import { systemClock } from './clock.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import type { StoreState } from './events.ts'
import { withFallback } from './fallback.ts'
import { type CommonOptions, retentionOf } from './options.ts'
import type { Parts } from './parts.ts'
import { type Platform, platformKey } from './platform.ts'
import { register } from './registry.ts'
import { createPulse } from './pulse.ts'
import { createResults } from './results.ts'
import { upkeepRider } from './upkeep.ts'

/** Leases in pages outlive the minute between two timers of a hidden one. */
const pageLeaseMs = 180_000
const leaseMs = 30_000

/** Makes the rooms of a queue and joins them. Touches neither store nor platform yet. */
export function wireUp(options: CommonOptions, kinds: ReadonlyMap<string, Kind>): Parts {
  const { name, owner = '', clock = systemClock, random = Math.random, limits = {}, sync } = options
  const store = storeOf(options)
  const unregister = register(store.identity, { syncUrl: sync?.url, kinds })
  const { durability, worker: settings = {}, [platformKey]: platform = ownPlatform } = options
  const { mint, checkpointEvents } = platform
  const replica = createReplica({
    ...{ store, clock, mint, durability, checkpointEvents },
    boostMs: settings.boostMs,
  })
  const emitter = createEmitter()
  const warn = (message: string, cause: unknown, id?: string): void =>
    emitter.emit('warning', { message, cause, id })
  const connectivity = connectivityOf(options, clock)
  const wishes = lazily(() => wishesOf(sync, mint()))
  const deciding = ({ now, emit }: Drafting): Deciding => ({ now, emit, owner, acks: wishes() })
  const maxRunning = limits.maxRunning ?? Number.POSITIVE_INFINITY
  const concurrency = settings.concurrency ?? 4
  const working: WorkerOptions = {
    ...{ replica, clock, random, mint, owner, kinds, concurrency, maxRunning, connectivity, wishes, warn },
    leaseMs: settings.leaseMs ?? (isPage() ? pageLeaseMs : leaseMs),
    maxCrashes: settings.maxCrashes ?? 5,
    interruptible: settings.interruptible ?? 'ServiceWorkerGlobalScope' in globalThis,
    lockPrefix: `holdfast:${store.identity}:`,
    locks: store.sharesLocks === false ? undefined : platform.locks,
    isHidden: platform.isHidden,
  }
  const worker = new Worker(working)
  const sender =
    sync &&
    createSender({
      ...{ replica, clock, random, mint, queue: name, owner, sync },
      online: connectivity.online,
      emit: (event) => tellOfSync(emitter, event),
    })
  const pulse = createPulse(replica, clock, (error) => warn('Cannot read the log', error))
  const results = createResults(replica, pulse)
  replica.ride(
    upkeepRider(owner, retentionOf(options.retention), results, (id, kind) =>
      warn(`A dead letter of "${kind}" is over its retention, and goes with a later entry`, undefined, id),
    ),
  )
  const state = { current: 'closed' as StoreState }
  attend(replica, owner, emitter, sender, state)
  platform.observe?.(replica, working)
  return {
    ...{
      name,
      owner,
      kinds,
      clock,
      store,
      replica,
      worker,
      sender,
      connectivity,
      emitter,
      results,
      pulse,
      mint,
      deciding,
    },
    backlog: {
      maxPending: limits.maxPending ?? Number.POSITIVE_INFINITY,
      overflow: limits.overflow ?? 'reject',
    },
    maxPayloadBytes: limits.maxPayloadBytes ?? Number.POSITIVE_INFINITY,
    maxRunning,
    concurrency,
    storeState: () => state.current,
    detach: unregister,
  }
}

const ownPlatform: Platform = {
  get locks() {
    return typeof navigator === 'undefined' ? undefined : navigator.locks
  },
  mint: () => nanoid(),
  isHidden: () => typeof document !== 'undefined' && document.visibilityState === 'hidden',
}

function storeOf({ name, store, fallback }: CommonOptions): Store {
  const chosen = (store ?? indexedDbStore())(name)
  return fallback === 'memory' ? withFallback(chosen, fallbackStore()(name)) : chosen
}

/** One for the context, so that its queues of one name share their jobs as they would in the store they asked for. */
const fallbackStore = lazily(() => memoryStore())

function connectivityOf({ connectivity = {}, sync }: CommonOptions, clock: Clock): Connectivity {
  const { probe } = connectivity
  const syncUrl = typeof probe === 'string' ? probe : sync?.url
  return createConnectivity({
    clock,
    syncUrl,
    fetch: sync?.fetch,
    probe: typeof probe === 'function' ? probe : undefined,
  })
}

function tellOfSync(
  emitter: Emitter,
  event: Parameters<Parameters<typeof createSender>[0]['emit']>[0],
): void {
  if (event.type === 'store') emitter.emit('store', { state: event.state, log: event.log })
  else emitter.emit('warning', { message: event.message, cause: event.cause, id: undefined })
}

/** Made once, when first asked for. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function isPage(): boolean {
  return typeof document !== 'undefined'
}
