import { isQueueError } from '../errors.ts'
import { backoffMs, type RetryPolicy } from '../machine/backoff.ts'
import { hasUnsent, untilFree } from '../machine/outbox.ts'
import { type Course, createCourse } from './course.ts'
import { lingerMs } from './options.ts'
import { type End, type PassTools, pass } from './pass.ts'
import { type Plan, Planner, type Why } from './planner.ts'
import type { Transport } from './transport.ts'
import type { SenderOptions } from './types.ts'

/** How long the server is left alone after a failure: full jitter, up to 5 minutes. */
const patience: RetryPolicy = {
  maxAttempts: Number.POSITIVE_INFINITY,
  baseMs: 1_000,
  capMs: 300_000,
  minMs: 0,
  backoff: 'exponential',
}

/** How often the platform is asked again whether there is a network, in case it does not tell by itself. */
const offlineMs = 30_000

/** A sender's passes: one at a time, and when the next one is. */
export class Attempts {
  readonly #options: SenderOptions
  readonly #transport: Transport
  readonly #course: Course = createCourse()
  readonly #planner: Planner
  #sender: string | undefined
  #running: { readonly ended: Promise<End>; readonly abort: AbortController } | undefined
  #failures = 0
  /** By the monotonic clock: until then the server asked to be left alone. */
  #askedUntil = Number.NEGATIVE_INFINITY
  /** Whether passes follow each other by themselves. */
  active = false
  /** The server answered 401, also to new headers. */
  unauthorized = false
  /** The last request was not answered by a receiver. */
  refused = false
  /** What went wrong since something was last settled. */
  lastError: unknown
  /** How many wait for all to be sent. */
  flushes = 0

  constructor(options: SenderOptions, transport: Transport) {
    this.#options = options
    this.#transport = transport
    this.#planner = new Planner(options.clock, () => this.begin())
  }

  get plan(): Plan | undefined {
    return this.#planner.plan
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  /** Begins a pass, unless one is under way, or something speaks against it that only time or a person can change. */
  begin(): void {
    const askedMs = this.#askedUntil - this.#options.clock.monotonic()
    if (!this.active || this.unauthorized || this.#running) return
    if (askedMs > 0) this.#set('backoff', askedMs)
    else this.run().catch((error: unknown) => this.#warn(error))
  }

  /** There may be more to send: soon, unless the next pass is planned for a reason that stands. */
  trigger(delayMs: number): void {
    const { replica, owner, clock } = this.#options
    if (this.#running || this.unauthorized || !replica.state || !hasUnsent(replica.state, owner)) return
    const { plan } = this.#planner
    if (plan?.why === 'backoff' || plan?.why === 'offline') return
    if (plan?.why === 'busy' && this.untilFree() > 0) return
    if (plan?.why === 'linger' && plan.at <= clock.now() + delayMs) return
    this.#set('linger', delayMs)
  }

  /** Joins the pass that is under way, or begins one now. Never rejects. */
  run(): Promise<End> {
    if (this.#running) return this.#running.ended
    const error = this.lastError
    if (this.unauthorized) return Promise.resolve({ why: 'unauthorized', error })
    const afterMs = this.#askedUntil - this.#options.clock.monotonic()
    if (afterMs > 0) return Promise.resolve({ why: 'waiting', afterMs, error })
    this.#planner.cancel()
    const abort = new AbortController()
    const ended = pass(this.#tools(), abort.signal).then((end) => {
      this.#running = undefined
      this.#conclude(end)
      return end
    })
    this.#running = { ended, abort }
    return ended
  }

  /** Ends the pass that is under way; resolves when it has ended. */
  async abort(): Promise<void> {
    this.#running?.abort.abort()
    await this.#running?.ended
  }

  /** Says, without waiting for anything, that this sender sends no more: others need not wait for it. */
  async leave(): Promise<void> {
    const { replica, owner } = this.#options
    const isSending =
      this.#sender !== undefined && replica.state?.outboxes.get(owner)?.sender === this.#sender
    const left = isSending && this.#sender !== undefined ? replica.leave(this.#sender) : undefined
    this.rest()
    this.#sender = undefined
    this.#running?.abort.abort()
    await left
  }

  /** A context left: if it was the one that is waited for, it need not be. */
  freed(): void {
    if (this.#planner.plan?.why === 'busy' && this.untilFree() === 0) this.begin()
  }

  /** Begins nothing by itself any more, and holds no timer. */
  rest(): void {
    this.active = false
    this.#planner.rest()
  }

  /** After a rest: goes on with what is planned, or begins soon. */
  rouse(delayMs: number): void {
    if (this.active) return
    this.active = true
    if (this.plan === undefined) this.trigger(delayMs)
    else this.#planner.resume()
  }

  /** Somebody has signed in. */
  resume(): void {
    this.unauthorized = false
    this.#course.signedAgain = false
  }

  /** Milliseconds until no other context keeps this one from sending. */
  untilFree(): number {
    const { replica, owner, clock } = this.#options
    if (replica.state === undefined) return 0
    // One that never sent has no name, and nobody has an empty one.
    return untilFree(replica.state, owner, this.#sender ?? '', replica.byes, clock.monotonic())
  }

  #tools(): PassTools {
    const { replica, clock, queue, owner, mint, online, sync, emit } = this.#options
    this.#sender ??= mint()
    const sender = this.#sender
    return {
      ...{ replica, clock, queue, owner, mint, online },
      sender,
      lingers: () => this.active && this.flushes === 0,
      hasLeft: () => this.#sender !== sender,
      transport: this.#transport,
      course: this.#course,
      signs: typeof sync.headers === 'function',
      settled: () => this.#settled(),
      lost: (log) => emit({ type: 'store', state: 'lost', log }),
    }
  }

  #settled(): void {
    this.#failures = 0
    this.refused = false
    this.lastError = undefined
  }

  #conclude(end: End): void {
    if ('error' in end) this.lastError = end.error
    switch (end.why) {
      case 'idle':
      case 'lingering':
        // What finished meanwhile was not planned for.
        this.trigger(this.flushes === 0 ? lingerMs(this.#options.sync) : 0)
        break
      case 'stopped':
        // Begun again meanwhile, or nothing.
        this.begin()
        break
      case 'busy':
        this.#set('busy', end.waitMs)
        break
      case 'offline':
        this.#set('offline', offlineMs)
        break
      case 'unauthorized':
        this.unauthorized = true
        this.#warn(end.error)
        break
      default:
        this.#failed(end)
    }
  }

  #failed(end: Extract<End, { why: 'waiting' | 'refused' | 'failed' }>): void {
    const { clock, random } = this.#options
    if (isQueueError(end.error, 'closed')) return
    this.refused = end.why === 'refused'
    this.#failures++
    // A wait of 0 is no wait: without the backoff it would be one request after another.
    const askedMs = end.why === 'waiting' ? (end.afterMs ?? 0) : 0
    if (askedMs > 0) this.#askedUntil = clock.monotonic() + askedMs
    this.#set('backoff', askedMs || backoffMs(patience, this.#failures, random()))
    if (end.why !== 'waiting') this.#warn(end.error)
  }

  #set(why: Why, delayMs: number): void {
    this.#planner.set(why, delayMs)
    if (!this.active) this.#planner.rest()
  }

  #warn(cause: unknown): void {
    this.#options.emit({ type: 'warning', message: 'Acknowledgements could not be sent', cause })
  }
}
