import { refuseUnknown } from '../../errors.ts'
import { defaultDeadlineMs, hubOf } from './hub.ts'
import type { AttachOptions, CloudflareHost, DurableObjectContext, HostedQueue } from './types.ts'

/** What the platform allows one alarm (milliseconds). */
const longestAlarmMs = 900_000

/**
 * Has a Durable Object wake its queue: sets the object's alarm for the next instant at which the queue has something to
 * do, and drains the queue when it goes off. Nothing is touched before the queue is used, so it fits in a constructor.
 *
 * An object has one alarm. Attach each of its queues: they share it, and one `alarm()` of any of their hosts serves them
 * all. A queue with nothing to do holds neither a timer nor the alarm, so that its object can be evicted from memory.
 * Do not `start()` the queue: its worker would wait with a timer for ever.
 *
 * @example
 * ```ts
 * import { createQueue } from 'holdfast'
 * import { attach, type DurableObjectContext, type DurableObjectStorage, durableObjectStore } from 'holdfast/cloudflare'
 *
 * export class Mailer {
 *   readonly queue
 *   readonly host
 *
 *   constructor(ctx: DurableObjectContext & { readonly storage: DurableObjectStorage }) {
 *     const store = durableObjectStore(ctx.storage)
 *     this.queue = createQueue({ name: 'mail', store, handlers: { send: async (to: string) => ({ to }) } })
 *     this.host = attach(this.queue, ctx)
 *   }
 *
 *   alarm() {
 *     return this.host.alarm()
 *   }
 * }
 * ```
 */
export function attach(
  queue: HostedQueue,
  ctx: DurableObjectContext,
  options: AttachOptions = {},
): CloudflareHost {
  refuseUnknown('options', options, ['deadlineMs', 'alarmAt', 'onError', 'clock'])
  const { deadlineMs = defaultDeadlineMs } = options
  if (!(deadlineMs > 0 && deadlineMs <= longestAlarmMs)) {
    throw new RangeError(
      `Cannot attach the queue: deadlineMs is ${deadlineMs}, expected more than 0, up to ${longestAlarmMs}`,
    )
  }
  const hub = hubOf(ctx, options)
  const leave = hub.join(queue, options)
  return {
    alarm: () => hub.alarm(),
    async scheduled(_controller, event) {
      const woken = hub.wake()
      event?.waitUntil(woken)
      await woken
    },
    wake: () => hub.wake(),
    rearm: () => hub.arm(),
    detach() {
      leave()
      return hub.arm()
    },
  }
}
