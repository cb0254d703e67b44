import type { PageScope, RegistrationLike, SyncManagerLike } from '../../../src/host/page/index.ts'
import type { WorkerEvent, WorkerEventName, WorkerScope } from '../../../src/host/service-worker/index.ts'

/** Counts what listens: what is added twice listens once, and until its signal aborts. */
function counting<T extends EventTarget>(target: T): T & { readonly listening: number } {
  const listening: [string, unknown, boolean][] = []
  const { addEventListener, removeEventListener } = target
  type Given = Parameters<EventTarget['addEventListener']>
  const keyOf = ([type, listener, options]: Given): (typeof listening)[number] => {
    const isCapturing = typeof options === 'object' ? options.capture === true : options === true
    return [type, listener, isCapturing]
  }
  const placeOf = (given: Given): number => {
    const key = keyOf(given)
    return listening.findIndex((each) => each.every((part, index) => part === key[index]))
  }
  const forget = (given: Given): void => {
    const at = placeOf(given)
    if (at >= 0) listening.splice(at, 1)
  }
  return Object.defineProperties(target, {
    addEventListener: {
      value(...given: Given) {
        const [, , options] = given
        if (placeOf(given) < 0) listening.push(keyOf(given))
        if (typeof options === 'object') options.signal?.addEventListener('abort', () => forget(given))
        addEventListener.apply(target, given)
      },
    },
    removeEventListener: {
      value(...given: Given) {
        forget(given)
        removeEventListener.apply(target, given)
      },
    },
    listening: { get: () => listening.length },
  }) as T & { readonly listening: number }
}

export interface FakePage {
  readonly scope: PageScope
  readonly document: EventTarget
  readonly navigator: { onLine: boolean; storage?: { persist?(): Promise<boolean> } }
  fire(type: string): void
  show(visibilityState: 'visible' | 'hidden'): void
  /** How many listeners there are. */
  listening(): number
}

export interface FakeSync {
  readonly manager: SyncManagerLike
  readonly periodicManager: NonNullable<RegistrationLike['periodicSync']>
  /** Every tag that was registered, oldest first. */
  readonly registered: readonly string[]
  /** The tags that are registered now. */
  readonly tags: Set<string>
  /** The shortest interval of every periodic sync that was registered, oldest first. */
  readonly intervals: readonly number[]
  refuses: boolean
  /** Whether the registration has an active worker: without one nothing can be registered. */
  isActive: boolean
}

/** The registration of a service worker, and what becomes of its workers. */
export interface FakeRegistration {
  /** It, as its pages have it. */
  readonly given: RegistrationLike
  /** What its workers were sent. */
  readonly asks: readonly unknown[]
  /** Another worker begins to be installed. */
  install(): void
  /** The one that is being installed waits for its turn, becomes active, or is given up. */
  go(how: 'waiting' | 'active' | 'redundant'): void
  /** How many listeners there are, at the registration and at its workers. */
  listening(): number
}

export interface FakeWorker {
  readonly scope: WorkerScope
  /** Returns what the event waits for. */
  fire(type: WorkerEventName, more?: Partial<WorkerEvent>): Promise<unknown>[]
  listening(): number
}

/** A page that is visible and online until it is told otherwise. */
export function fakePage(): FakePage {
  const document = Object.assign(counting(new EventTarget()), { visibilityState: 'visible' })
  const navigator: FakePage['navigator'] = { onLine: true }
  const page = Object.assign(counting(new EventTarget()), { document, navigator })
  return {
    scope: page as PageScope,
    document,
    navigator,
    fire: (type: string) => void page.dispatchEvent(new Event(type)),
    show(visibilityState: 'visible' | 'hidden') {
      document.visibilityState = visibilityState
      document.dispatchEvent(new Event('visibilitychange'))
    },
    listening: () => page.listening + document.listening,
  }
}

/** Background Sync that grants everything, until it is told otherwise. */
export function fakeSync(): FakeSync {
  const [registered, intervals]: [string[], number[]] = [[], []]
  const check = (): void => {
    if (!sync.isActive) throw new DOMException('no active Service Worker', 'InvalidStateError')
    if (sync.refuses) throw new DOMException('Permission denied.', 'NotAllowedError')
  }
  const manager: SyncManagerLike = {
    async register(tag) {
      check()
      registered.push(tag)
      sync.tags.add(tag)
    },
    getTags: async () => [...sync.tags],
  }
  const periodicManager: FakeSync['periodicManager'] = {
    async register(_, { minInterval }) {
      check()
      intervals.push(minInterval)
    },
  }
  const tags = new Set<string>()
  const sync = { manager, periodicManager, registered, tags, intervals, refuses: false, isActive: true }
  return sync
}

/** A service worker's global scope; events end as their promises do. */
export function fakeWorker(sync: SyncManagerLike | undefined): FakeWorker {
  const target = counting(new EventTarget())
  const scope = Object.assign(target, { registration: sync ? { sync } : {} }) as unknown as WorkerScope
  const fire = (type: WorkerEventName, more: Partial<WorkerEvent> = {}): Promise<unknown>[] => {
    const waits: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>): void => void waits.push(promise)
    target.dispatchEvent(Object.assign(new Event(type), { waitUntil, ...more }))
    return waits
  }
  return { scope, fire, listening: () => target.listening }
}

/** The registration of a fake worker: it is active, unless `sync` says that none is. */
export function fakeRegistration(worker: FakeWorker, sync?: FakeSync): FakeRegistration {
  const asks: unknown[] = []
  const targets: { readonly listening: number }[] = []
  const target = (): EventTarget => {
    const counted = counting(new EventTarget())
    targets.push(counted)
    return counted
  }
  const instance = () =>
    Object.assign(target(), {
      postMessage(data: unknown, ports: Transferable[] = []) {
        asks.push(data)
        for (const wait of worker.fire('message', { data, ports: ports as MessagePort[] }))
          wait.catch(() => undefined)
      },
    })
  type Slots = Record<'installing' | 'waiting' | 'active', ReturnType<typeof instance> | null>
  const empty: Slots = { installing: null, waiting: null, active: null }
  const given = Object.assign(target(), empty, {
    ...(sync?.isActive !== false && { active: instance() }),
    ...(sync && { sync: sync.manager, periodicSync: sync.periodicManager }),
  })
  return {
    given,
    asks,
    install() {
      given.installing = instance()
      given.dispatchEvent(new Event('updatefound'))
    },
    go(how) {
      const coming = given.installing ?? given.waiting
      Object.assign(given, { installing: null, waiting: null }, how !== 'redundant' && { [how]: coming })
      if (sync) sync.isActive = given.active !== null
      coming?.dispatchEvent(new Event('statechange'))
    },
    listening: () => targets.reduce((sum, { listening }) => sum + listening, 0),
  }
}
