import type { AckWishes, Deciding } from '../machine/decide.ts'
import { createReplica } from '../replica/replica.ts'
import type { Drafting } from '../replica/types.ts'
import type { Store } from '../store/contract.ts'
import { indexedDbStore } from '../store/indexeddb.ts'
import { memoryStore } from '../store/memory.ts'
import { createConnectivity } from '../sync/connectivity.ts'
import { wishesOf } from '../sync/options.ts'
import { createSender } from '../sync/sender.ts'
import type { Sender } from '../sync/types.ts'
import type { Clock } from '../types.ts'
import type { Connectivity, Kind, Locks, WorkerOptions } from '../worker/types.ts'
import { Worker } from '../worker/worker.ts'
import { attend } from './attend.ts'
import { systemClock } from '../clock.ts'
import { announceDue } from './due.ts'
import { createDuty } from './duty.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import type { StoreState } from './events.ts'
import { withFallback } from './fallback.ts'
import { createMint } from './mint.ts'
import { type CommonOptions, retentionOf } from './options.ts'
import type { Parts } from './parts.ts'
import { type Platform, platformKey } from './platform.ts'
import { createPulse } from './pulse.ts'
import { createQuotaWatch } from './quota.ts'
import { type Contract, register } from './registry.ts'
import { createResults, type Results } from './results.ts'
import { upkeepRider } from './upkeep.ts'

/** Leases in pages outlive the minute between two timers of a hidden one. */
const pageLeaseMs = 180_000
const leaseMs = 30_000

/** Makes the rooms of a queue and joins them. Touches neither store nor platform yet. */
export function wireUp(options: CommonOptions, kinds: ReadonlyMap<string, Kind>): Parts {
  const { name, owner = '', clock = systemClock } = options
  const { [platformKey]: platform = ownPlatform } = options
  const { mint } = platform
  const { store, detach } = storeOf(options, { syncUrl: options.sync?.url, kinds })
  const replica = createReplica({
    ...{ store, clock, mint, durability: options.durability, checkpointEvents: platform.checkpointEvents },
    boostMs: options.worker?.boostMs,
  })
  const emitter = createEmitter()
  const warn = (message: string, cause: unknown, id?: string): void =>
    emitter.emit('warning', { message, cause, id })
  const common: Common = {
    ...{ owner, kinds, clock, store, replica, mint, warn },
    connectivity: connectivityOf(options, clock),
    deciding: decidingFor(
      owner,
      lazily(() => wishesOf(options.sync, mint())),
    ),
  }
  const working = workerOptions(options, common, platform)
  const worker = new Worker(working)
  const sender = senderOf(options, common, emitter)
  const pulse = createPulse(replica, clock, (error) => warn('Cannot read the log', error))
  const results = createResults(replica, pulse)
  keepUp(options, common, results)
  const state = { current: 'closed' as StoreState }
  attend(replica, owner, emitter, sender, state)
  platform.observe?.(replica, working)
  const parts: Parts = {
    ...{ name, owner, kinds, clock, store, replica, worker, sender, emitter, results, pulse, mint, detach },
    duty: createDuty(worker),
    connectivity: common.connectivity,
    deciding: common.deciding,
    ...limitsOf(options),
    watchQuota: createQuotaWatch(options.limits?.warnAtShare ?? 0.9, warn),
    ...{ maxRunning: working.maxRunning, concurrency: working.concurrency },
    storeState: () => state.current,
    erasure: { current: undefined },
  }
  announceDue(parts)
  return parts
}

function limitsOf({ limits = {} }: CommonOptions): Pick<Parts, 'backlog' | 'maxPayloadBytes'> {
  const { maxPending = Number.POSITIVE_INFINITY, overflow = 'reject' } = limits
  return {
    backlog: { maxPending, overflow },
    maxPayloadBytes: limits.maxPayloadBytes ?? Number.POSITIVE_INFINITY,
  }
}

/** What several rooms are made of. */
type Common = { readonly store: Store } & Pick<
  WorkerOptions,
  'owner' | 'kinds' | 'clock' | 'replica' | 'mint' | 'warn' | 'connectivity' | 'deciding'
>

function workerOptions(
  options: CommonOptions,
  { store, ...common }: Common,
  platform: Platform,
): WorkerOptions {
  const { random = Math.random, limits = {}, worker: settings = {} } = options
  return {
    ...common,
    random,
    concurrency: settings.concurrency ?? 4,
    maxRunning: limits.maxRunning ?? Number.POSITIVE_INFINITY,
    leaseMs: settings.leaseMs ?? (isPage() ? pageLeaseMs : leaseMs),
    maxCrashes: settings.maxCrashes ?? 5,
    interruptible: settings.interruptible ?? (store.exclusive || 'ServiceWorkerGlobalScope' in globalThis),
    locks: store.sharesLocks === false ? undefined : locksFor(store, platform.locks),
    isHidden: platform.isHidden,
  }
}

/** The platform's locks, under names of the store's own: of the one in use, when a lock is asked for. */
function locksFor(store: Store, locks: Locks | undefined): Locks | undefined {
  return (
    locks && {
      request: (name, ...how) => locks.request(`holdfast:${store.identity}:${name}`, ...how),
    }
  )
}

function senderOf(options: CommonOptions, common: Common, emitter: Emitter): Sender | undefined {
  const { name, random = Math.random, sync } = options
  const { replica, clock, mint, owner, connectivity } = common
  if (sync === undefined) return undefined
  return createSender({
    ...{ replica, clock, random, mint, queue: name, owner, sync },
    online: connectivity.online,
    emit(event) {
      if (event.type === 'store') emitter.emit('store', { state: event.state, log: event.log })
      else emitter.emit('warning', { message: event.message, cause: event.cause, id: undefined })
    },
  })
}

function keepUp({ retention }: CommonOptions, { replica, owner, warn }: Common, results: Results): void {
  const announce = (id: string, kind: string): void =>
    warn(`A dead letter of "${kind}" is over its retention, and goes with a later entry`, undefined, id)
  replica.ride(upkeepRider(owner, retentionOf(retention), results, announce))
}

const ownPlatform: Platform = {
  get locks() {
    return typeof navigator === 'undefined' ? undefined : navigator.locks
  },
  mint: createMint(),
  isHidden: () => typeof document !== 'undefined' && document.visibilityState === 'hidden',
}

/** The store, known to the registry until `detach` is called. */
function storeOf({ name, store, fallback }: CommonOptions, contract: Contract) {
  const first = (store ?? indexedDbStore())(name)
  // Nobody closes the queues of an object that is evicted: known to the registry, they would never leave memory.
  if (first.exclusive) return { store: first, detach: () => undefined }
  let unregister = register(first.identity, contract)
  const detach = (): void => unregister()
  if (fallback !== 'memory') return { store: first, detach }
  const second = fallbackStore()(name)
  const onTurn = (): void => {
    const again = register(second.identity, contract)
    unregister()
    unregister = again
  }
  return { store: withFallback(first, second, onTurn), detach }
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

/** The same for all that is decided in one draft. */
function decidingFor(owner: string, wishes: () => AckWishes): Parts['deciding'] {
  // Weak: a draft has the payloads that it put.
  const made = new WeakMap<Drafting, Deciding>()
  return (drafting) => {
    const known = made.get(drafting)
    if (known !== undefined) return known
    const { now, emit } = drafting
    const deciding = { now, emit, owner, acks: wishes() }
    made.set(drafting, deciding)
    return deciding
  }
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
