import type { PageScope, RegistrationLike, SyncManagerLike } from '../../../src/host/page/index.ts'
import type { WorkerEvent, WorkerEventName, WorkerScope } from '../../../src/host/service-worker/index.ts'

/** Counts what listens. */
function counting<T extends EventTarget>(target: T): T & { readonly listening: number } {
  const listening: [string, unknown, unknown][] = []
  const { addEventListener, removeEventListener } = target
  return Object.defineProperties(target, {
    addEventListener: {
      value(...given: Parameters<EventTarget['addEventListener']>) {
        listening.push([given[0], given[1], given[2]])
        addEventListener.apply(target, given)
      },
    },
    removeEventListener: {
      value(...given: Parameters<EventTarget['removeEventListener']>) {
        const at = listening.findIndex((each) => each.every((part, index) => part === given[index]))
        if (at >= 0) listening.splice(at, 1)
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
  /** Every tag that was registered, oldest first. */
  readonly registered: readonly string[]
  /** The tags that are registered now. */
  readonly tags: Set<string>
  refuses: boolean
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
  const registered: string[] = []
  const manager: SyncManagerLike = {
    async register(tag) {
      if (sync.refuses) throw new DOMException('Permission denied.', 'NotAllowedError')
      registered.push(tag)
      sync.tags.add(tag)
    },
    getTags: async () => [...sync.tags],
  }
  const sync = { manager, registered, tags: new Set<string>(), refuses: false }
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

/** The registration of a fake worker, as a page has it. */
export function registrationOf(
  worker: FakeWorker,
  sync: SyncManagerLike | undefined,
): RegistrationLike & { readonly asks: readonly unknown[] } {
  const asks: unknown[] = []
  const postMessage = (data: unknown, ports: Transferable[] = []): void => {
    asks.push(data)
    for (const wait of worker.fire('message', { data, ports: ports as MessagePort[] }))
      wait.catch(() => undefined)
  }
  return { asks, active: { postMessage }, ...(sync && { sync }) }
}
