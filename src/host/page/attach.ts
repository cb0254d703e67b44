import { checkMs, misuse, refuseUnknown } from '../../errors.ts'
import { askToDrain, sendToDrain } from '../ask.ts'
import { createBackgroundSync, outcomeOf, type WakeUp } from '../background-sync.ts'
import { systemClock } from '../../clock.ts'
import { reportUncaught } from '../report.ts'
import { createErrand } from './errand.ts'
import { followLife } from './lifecycle.ts'
import { type Expected, expectRegistration } from './registration.ts'
import type { AttachOptions, HostedQueue, PageHost } from './types.ts'
import { type Seen, watchQueue } from './watch.ts'

const known = ['registration', 'tag', 'periodicMs', 'onError', 'clock', 'scope']

const hosts: WeakMap<HostedQueue, PageHost> = new WeakMap()

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
  const life = new AbortController()
  const worker = expectRegistration(options.registration, onError, life.signal)
  const sync = createBackgroundSync(() => worker.active?.sync, tag)
  const drain: PageHost['drain'] = async () => {
    const active = (await worker.found)?.active
    return active && !life.signal.aborted ? askToDrain(active, queue, clock, life.signal) : undefined
  }
  const errand = createErrand(drain, clock, () => watch.look(false))
  const delegate = ({ owed, isStarted }: Seen, isFresh: boolean): void => {
    const isOwed = owed.here || owed.elsewhere
    const isTheirs = owed.elsewhere || (owed.here && !isStarted)
    // Also what this page runs itself: once it is closed, it is too late. Chromium heeds no sync of a page that is gone
    // before it was told of the registering.
    if (isOwed && isFresh) void sync.register()
    else if (isOwed && sync.outcome.state !== 'refused') void sync.ensure()
    if (isTheirs && scope.navigator.onLine !== false) errand.run(isFresh)
    else errand.rest()
  }
  const watch = watchQueue({
    ...{ queue, clock, onError },
    onSeen(seen, isFresh) {
      if (worker.active !== undefined) delegate(seen, isFresh)
    },
    onClosed: () => host.detach(),
  })
  const endLife = followLife(scope, {
    left() {
      watch.pause()
      errand.rest()
      queue.leave({ flush: true }).catch(onError)
      const active = worker.active?.active
      if (watch.mayOwe && active) sendToDrain(active, queue)
    },
    back() {
      watch.resume()
      queue.rejoin().catch(onError)
      watch.look(true)
    },
    woken() {
      queue.wake()
      watch.look(true)
    },
  })
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
      if (hosts.get(queue) === host) hosts.delete(queue)
    },
  }
  return host
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
