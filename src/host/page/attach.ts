import { checkMs, misuse, refuseUnknown } from '../../errors.ts'
import { askToDrain } from '../ask.ts'
import { type BackgroundSync, createBackgroundSync, outcomeOf, type WakeUp } from '../background-sync.ts'
import { systemClock } from '../cloudflare/clock.ts'
import { reportUncaught } from '../report.ts'
import { createErrand, type Errand } from './errand.ts'
import { followLife, type Life } from './lifecycle.ts'
import { type Expected, expectRegistration } from './registration.ts'
import type { AttachOptions, HostedQueue, PageHost, PageScope, RegistrationLike } from './types.ts'
import { type Seen, type Watch, watchQueue } from './watch.ts'

const known = ['registration', 'tag', 'periodicMs', 'onError', 'clock', 'scope']

const hosts: WeakMap<HostedQueue, PageHost> = new WeakMap()

/**
 * Has a page look after its queue: gives its jobs back, and sends what acknowledgements it can, when it goes; goes on
 * when it comes back, from the back/forward cache, too; looks again when it is seen or the network is back. With a
 * `registration`, has the service worker woken for what this page does not do itself, by Background Sync where the
 * browser grants it, and by asking the worker as long as the page is open everywhere.
 *
 * It starts nothing: call `queue.start()` where the page is to run jobs. A page that runs them in the foreground leaves
 * the worker asleep until the page is hidden, offline, or something fails. Several queues of a page are attached one by
 * one; attaching a queue again takes the place of the first time.
 *
 * @throws TypeError or RangeError for options that make no sense.
 * @example
 * ```ts
 * import { createQueue } from 'holdfast'
 * import { attach } from 'holdfast/page'
 *
 * const queue = createQueue({ name: 'mail', handlers: { send: async (to: string) => ({ to }) } })
 * if (typeof document !== 'undefined') {
 *   const host = attach(queue, { registration: navigator.serviceWorker?.ready })
 *   await queue.start()
 *   console.log(host.sync.state) // unknown
 * }
 * ```
 */
export function attach(queue: HostedQueue, options: AttachOptions = {}): PageHost {
  check(options)
  hosts.get(queue)?.detach()
  const host = createHost(queue, options)
  hosts.set(queue, host)
  return host
}

function check(options: AttachOptions): void {
  refuseUnknown('options', options, known)
  const { tag, periodicMs } = options
  if (tag !== undefined && (typeof tag !== 'string' || tag === '')) {
    throw misuse('options.tag', tag, 'text that is not empty')
  }
  if (periodicMs !== undefined) checkMs('Cannot attach the queue: periodicMs', periodicMs)
}

function createHost(queue: HostedQueue, options: AttachOptions): PageHost {
  const { tag = queue.name, clock = systemClock, onError = reportUncaught, scope = globalThis } = options
  const worker = expectRegistration(options.registration)
  const active = (): RegistrationLike | undefined => (worker.current?.active ? worker.current : undefined)
  const sync = createBackgroundSync(() => active()?.sync, tag)
  const drain: PageHost['drain'] = async () => {
    const found = (await worker.found)?.active
    return found ? askToDrain(found, queue, clock) : undefined
  }
  const errand = createErrand(drain, clock, () => watch.look(false))
  const watch = watchQueue({
    ...{ queue, clock, onError },
    onSeen: (seen, isFresh) => {
      if (active() !== undefined) delegate(seen, isFresh, { sync, errand, scope })
    },
    onClosed: () => host.detach(),
  })
  const endLife = followLife(scope, lifeOf({ queue, sync, errand, watch, onError }))
  const periodic = createPeriodic(worker, tag, options.periodicMs)
  worker.found.then(() => watch.look(true)).catch(onError)

  const host: PageHost = {
    get sync() {
      return sync.outcome
    },
    get periodicSync() {
      return periodic.outcome
    },
    drain,
    persist: async () => (await scope.navigator.storage?.persist?.()) ?? false,
    detach() {
      endLife()
      watch.stop()
      errand.rest()
      if (hosts.get(queue) === host) hosts.delete(queue)
    },
  }
  return host
}

interface Means {
  readonly sync: BackgroundSync
  readonly errand: Errand
}

/** Leaves to the worker what this page does not do itself. */
function delegate(seen: Seen, isFresh: boolean, { sync, errand, scope }: Means & { scope: PageScope }): void {
  const { owed, isStarted, isTroubled } = seen
  const isOnline = scope.navigator.onLine !== false
  // What this page runs before everybody's eyes needs nobody else, until it fails.
  const isInGoodHands = isStarted && isOnline && !isTroubled && scope.document.visibilityState === 'visible'
  if (owed.elsewhere || (owed.here && !isInGoodHands)) {
    const wasRefused = sync.outcome.state === 'refused'
    if (isFresh) void sync.register()
    else if (!wasRefused) void sync.ensure()
  }
  if (isOnline && (owed.elsewhere || (owed.here && !isStarted))) errand.run(isFresh)
  else errand.rest()
}

function lifeOf({
  queue,
  sync,
  errand,
  watch,
  onError,
}: Means & { queue: HostedQueue; watch: Watch; onError: (error: unknown) => void }): Life {
  const wakeOthers = (): void => {
    if (watch.mayOwe) void sync.register()
  }
  return {
    left() {
      watch.pause()
      errand.rest()
      queue.leave({ flush: true }).catch(onError)
      wakeOthers()
    },
    back() {
      watch.resume()
      queue.rejoin().catch(onError)
      watch.look(true)
    },
    hidden: wakeOthers,
    woken() {
      queue.wake()
      watch.look(true)
    },
    offline() {
      errand.rest()
      wakeOthers()
    },
  }
}

function createPeriodic(
  worker: Expected,
  tag: string,
  periodicMs: number | undefined,
): { readonly outcome: WakeUp } {
  const periodic: { outcome: WakeUp } = { outcome: { state: 'unknown' } }
  if (periodicMs === undefined) return periodic
  const register = async (): Promise<void> => {
    const manager = (await worker.found)?.periodicSync
    periodic.outcome = await outcomeOf(manager?.register(tag, { minInterval: periodicMs }))
  }
  void register()
  return periodic
}
