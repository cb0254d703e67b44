import type { Queue } from '../../queue/face.ts'
import type { Clock } from '../../types.ts'

/** What is used of a Durable Object's `ctx`. */
export interface DurableObjectContext {
  readonly storage: AlarmStorage
  waitUntil(promise: Promise<unknown>): void
}

/** What is used of `ctx.storage` for the object's one alarm. */
export interface AlarmStorage {
  setAlarm(at: number): Promise<void>
  deleteAlarm(): Promise<void>
}

/** What the platform tells an `alarm()`. */
export interface AlarmInfo {
  readonly retryCount: number
  readonly isRetry: boolean
}

/** What a host uses of a queue: any queue fits. */
export type HostedQueue = Pick<Queue, 'on' | 'drain' | 'info' | 'leave'>

/** Options of {@link attach}. */
export interface AttachOptions {
  /**
   * How long one `alarm()` stays with the work (milliseconds). What still runs then is not aborted: it goes on under the
   * next alarm, which was set for that instant before the work began.
   *
   * Fifteen minutes is what the platform allows an alarm, and 30 s of computing what it allows one event by default:
   * with less than 30 s, no event can use that up by itself. Also how long work rests that was lost with its object.
   *
   * @default 20_000
   */
  readonly deadlineMs?: number
  /**
   * When the application itself wants the object's alarm (epoch milliseconds), or `undefined`. Asked, synchronously,
   * whenever the alarm is set: the object has only one. Call `rearm()` when the answer has changed. An instant that has
   * had its alarm, and is still wanted, gets another one a second later. `Infinity` is as `undefined`; what it throws
   * goes to `onError`.
   */
  readonly alarmAt?: () => number | undefined
  /**
   * Told of what went wrong and could reject nothing: a drain that failed, and is tried again; an `alarmAt` that threw.
   *
   * @default reportError, where the platform has it
   */
  readonly onError?: (error: unknown) => void
  /** @default the platform's */
  readonly clock?: Pick<Clock, 'now' | 'setTimer'>
}

/** Wakes the queues of one Durable Object. */
export interface CloudflareHost {
  /**
   * Give it the object's `alarm()`. Runs what is due in all queues of the object, and sets the next alarm.
   *
   * Never rejects because of a job, nor because a drain failed: it is tried again. It rejects only when the alarm cannot
   * be set, so that the platform's own retries take over.
   */
  alarm(info?: AlarmInfo): Promise<void>
  /** Give it what a cron trigger of the Worker brings here. As `wake`, inside the `waitUntil` of `ctx` if given. */
  scheduled(controller?: unknown, ctx?: Pick<DurableObjectContext, 'waitUntil'>): Promise<void>
  /** Looks at all queues of the object now, and runs what is due. Resolves when that is done, or after `deadlineMs`. */
  wake(): Promise<void>
  /** Sets the alarm anew: `alarmAt` has another answer now. */
  rearm(): Promise<void>
  /** Wakes this queue no more. What it has to do stays, without an alarm. */
  detach(): Promise<void>
}
