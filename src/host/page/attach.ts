import { checkMs, refuseUnknown } from '../../errors.ts'
import { askToDrain, sendToDrain } from '../ask.ts'
import { checkTag, replaceHost } from '../attaching.ts'
import { type BackgroundSync, createBackgroundSync, outcomeOf, type WakeUp } from '../background-sync.ts'
import { systemClock } from '../../clock.ts'
import { reportUncaught } from '../../report.ts'
import { createErrand, type Errand } from './errand.ts'
import { followLife, type Life } from './lifecycle.ts'
import { type Expected, expectRegistration } from './registration.ts'
import type { AttachOptions, HostedQueue, PageHost, PageScope } from './types.ts'
import { type Watch, type WatchOptions, watchQueue } from './watch.ts'

const known = ['registration', 'tag', 'periodicMs', 'onError', 'clock', 'scope']

const hosts: WeakMap<object, PageHost> = new WeakMap()

/**
 * Has a page look after its queue: gives its jobs back, and sends what acknowledgements it can, when it goes; goes on
 * when it comes back, from the back/forward cache, too; looks again when it is seen or the network is back. With a
 * `registration`, has the service worker woken for what this page does not do itself, by Background Sync where the
 * browser grants it, and by asking the worker as long as the page is open everywhere.
 *
 * It starts nothing: call `queue.start()` where the page is to run jobs. The worker then helps along, and goes on alone
 * when the page is closed. Several queues of a page are attached one by one; attaching a queue again takes the place of
 * the first time.
 *
 * @throws TypeError or RangeError for options that make no sense.
 * @example
 * ```ts
 * import { createQueue } from 'holdfast'
 * import { attach } from 'holdfast/page'
 *
 * const queue = createQueue({ name: 'mail', handlers: { send: async (to: string) => ({ to }) } })
 * if (typeof document !== 'undefined') {
 *   attach(queue, { registration: navigator.serviceWorker?.ready })
 *   await queue.start()
 * }
 * ```
 */
export function attach(queue: HostedQueue, options: AttachOptions = {}): PageHost {
  check(options)
  return replaceHost(hosts, queue, () => createHost(queue, options))
}

function check(options: AttachOptions): void {
  refuseUnknown('options', options, known)
  const { tag, periodicMs } = options
  checkTag(tag)
  if (periodicMs !== undefined) checkMs('Cannot attach the queue: periodicMs', periodicMs)
}

function createHost(queue: HostedQueue, options: AttachOptions): PageHost {
  const { tag = queue.name, clock = systemClock, onError = reportUncaught, scope = globalThis } = options
  const life = new AbortController()
  const worker = expectRegistration(options.registration, onError, life.signal)
  const sync = createBackgroundSync(() => worker.active?.sync, tag)
  const drain: PageHost['drain'] = async () => {
    const active = (await worker.found)?.active
    return active && !life.signal.aborted ? askToDrain(active, queue, clock, life.signal) : undefined
  }
  const errand = createErrand(drain, clock, () => watch.look(false))
  const delegate = createDelegate(sync, errand, scope)
  const watch = watchQueue({
    ...{ queue, clock, onError },
    onSeen(seen, isFresh) {
      if (worker.active !== undefined) delegate(seen, isFresh)
    },
    onClosed: () => host.detach(),
  })
  const endLife = followLife(scope, lifeOf({ queue, watch, errand, worker, onError }))
  const periodic = createPeriodic(worker, tag, options.periodicMs)
  // On a first visit: for what came in before, there was nobody to wake.
  worker.ready.then(() => watch.look(true)).catch(onError)

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
      life.abort()
      endLife()
      watch.stop()
      errand.rest()
    },
  }
  return host
}

/** Has the worker woken for what was seen. */
function createDelegate(
  sync: BackgroundSync,
  errand: Errand,
  { navigator }: PageScope,
): WatchOptions['onSeen'] {
  return ({ owed, isStarted }, isFresh) => {
    const isOwed = owed.here || owed.elsewhere
    const isTheirs = owed.elsewhere || (owed.here && !isStarted)
    // Also what this page runs itself: once it is closed, it is too late. Chromium heeds no sync of a page that is gone
    // before it was told of the registering.
    if (isOwed && isFresh) void sync.register()
    else if (isOwed && sync.outcome.state !== 'refused') void sync.ensure()
    if (isTheirs && navigator.onLine !== false) errand.run(isFresh)
    else errand.rest()
  }
}

interface Parts extends Required<Pick<AttachOptions, 'onError'>> {
  readonly queue: HostedQueue
  readonly watch: Watch
  readonly errand: Errand
  readonly worker: Expected
}

/** What a host does as its page goes, and is there again. */
function lifeOf({ queue, watch, errand, worker, onError }: Parts): Life {
  let isOut = false
  const rejoin = async (): Promise<void> => {
    try {
      await queue.rejoin()
      isOut = false
    } catch (error) {
      isOut = true
      onError(error)
    }
  }
  return {
    left() {
      watch.pause()
      errand.rest()
      queue.leave({ flush: true }).catch(onError)
      const active = worker.active?.active
      if (watch.mayOwe && active) sendToDrain(active, queue)
    },
    back() {
      watch.resume()
      void rejoin()
      watch.look(true)
    },
    woken() {
      queue.wake()
      if (isOut) void rejoin()
      watch.look(true)
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
    await worker.found
    if (worker.active === undefined) periodic.outcome = { state: 'absent' }
    const registration = await worker.ready
    periodic.outcome = await outcomeOf(() =>
      registration?.periodicSync?.register(tag, { minInterval: periodicMs }),
    )
  }
  void register()
  return periodic
}
