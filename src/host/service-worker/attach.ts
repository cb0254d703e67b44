import { refuseUnknown } from '../../errors.ts'
import { type Answer, isAsk } from '../ask.ts'
import { checkTag, replaceHost } from '../attaching.ts'
import { systemClock } from '../../clock.ts'
import { reportUncaught } from '../../report.ts'
import { createFollowUp, type FollowUp } from './follow-up.ts'
import { settle } from './settle.ts'
import { createShift, type Shift } from './shift.ts'
import type {
  AttachOptions,
  HostedQueue,
  WorkerEvent,
  WorkerEventName,
  WorkerHost,
  WorkerScope,
} from './types.ts'
import { createWake } from './wake.ts'

const known = ['tag', 'deadlineMs', 'wakeOnFetch', 'onError', 'clock', 'scope']

/** How long a page's own requests go first, before the log is read for the first time (milliseconds). */
const courtesyMs = 1_000

const hosts: WeakMap<object, WorkerHost> = new WeakMap()

/**
 * Has a service worker run its queue: drains it in `sync` and `periodicsync` events, when a page asks, and, where
 * something is due, in the worker's other events. Call it while the worker's script is evaluated, since browsers ignore
 * listeners that come later, and do not `start()` the queue: the browser stops a worker that handles no event.
 *
 * A sync waits for what is due again within half a minute, and drains again. It rejects if something is left then that
 * is worth another try (see `owed` of `info()`), so that the browser tries again, three times in all. What is left after
 * that is registered anew by the next event of any other kind.
 *
 * Several queues are attached one by one; attaching a queue again takes the place of the first time.
 *
 * @throws TypeError or RangeError for options that make no sense.
 * @example
 * ```ts
 * import { createQueue } from 'holdfast'
 * import { attach } from 'holdfast/service-worker'
 *
 * const queue = createQueue({ name: 'mail', handlers: { send: async (to: string) => ({ to }) } })
 * if ('registration' in globalThis) attach(queue, { tag: 'mail' })
 * ```
 */
export function attach(queue: HostedQueue, options: AttachOptions = {}): WorkerHost {
  check(options)
  return replaceHost(hosts, queue, () => createHost(queue, options))
}

function check(options: AttachOptions): void {
  refuseUnknown('options', options, known)
  const { tag, deadlineMs = 1 } = options
  checkTag(tag)
  if (!(deadlineMs > 0)) {
    throw new RangeError(`Cannot attach the queue: deadlineMs is ${deadlineMs}, expected more than 0`)
  }
}

function createHost(queue: HostedQueue, options: AttachOptions): WorkerHost {
  const { tag = queue.name, deadlineMs = 150_000, clock = systemClock, onError = reportUncaught } = options
  // In a service worker it has all that is used of it.
  const scope = options.scope ?? (globalThis as unknown as WorkerScope)
  const shift = createShift({ queue, clock, deadlineMs, onError })
  const followUp = createFollowUp(scope, tag, shift)
  const listeners = listenersOf({ queue, shift, followUp, tag, deadlineMs, clock, onError })
  if (options.wakeOnFetch === false) listeners.delete('fetch')

  for (const [type, listener] of listeners) scope.addEventListener(type, listener)
  const off = [
    queue.on('enqueued', () => void followUp.registerNews().catch(onError)),
    queue.on('store', ({ state }) => {
      if (state === 'closed') host.detach()
    }),
  ]
  const host: WorkerHost = {
    get sync() {
      return followUp.outcome
    },
    async drain() {
      const outcome = await shift.run()
      await followUp.ensure().catch(onError)
      if ('error' in outcome) throw outcome.error
      return outcome.result
    },
    detach() {
      for (const [type, listener] of listeners) scope.removeEventListener(type, listener)
      for (const end of off) end()
      shift.end()
    },
  }
  return host
}

interface Duties extends Required<Pick<AttachOptions, 'tag' | 'deadlineMs' | 'clock' | 'onError'>> {
  readonly queue: HostedQueue
  readonly shift: Shift
  readonly followUp: FollowUp
}

/** What the worker does in each of its events. */
function listenersOf({ queue, shift, followUp, tag, deadlineMs, clock, onError }: Duties) {
  const wake = createWake({ shift, followUp, clock, onError })
  return new Map<WorkerEventName, (event: WorkerEvent) => void>([
    [
      'sync',
      (event) => {
        if (event.tag === tag) followUp.during(event, settle(shift, clock, deadlineMs))
      },
    ],
    [
      'periodicsync',
      (event) => {
        if (event.tag === tag) event.waitUntil(shift.run().then(followUp.ensure).catch(onError))
      },
    ],
    [
      'message',
      (event) => {
        if (!isAsk(event.data, queue)) return wake(event)
        event.waitUntil(answer(event.ports?.[0], shift, deadlineMs).then(followUp.ensure).catch(onError))
      },
    ],
    // Not waited for: until it is active, the worker gets no other event.
    ['activate', () => wake({ waitUntil: (work) => void work })],
    ['fetch', (event) => wake(event, courtesyMs)],
  ])
}

async function answer(
  port: Pick<MessagePort, 'postMessage'> | undefined,
  shift: Shift,
  deadlineMs: number,
): Promise<void> {
  const say = (words: Answer): void => port?.postMessage(words)
  say({ type: 'holdfast:draining', deadlineMs })
  const outcome = await shift.run()
  if ('result' in outcome) say({ type: 'holdfast:drained', result: outcome.result })
  else say({ type: 'holdfast:failed', message: String(outcome.error) })
}
