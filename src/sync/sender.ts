import type { LogEntry } from '../machine/events.ts'
import { countUnsent, hasUnsent } from '../machine/outbox.ts'
import type { StoreNotice } from '../replica/types.ts'
import { Attempts } from './attempts.ts'
import { finalBatch } from './final.ts'
import { lingerMs } from './options.ts'
import { createTransport, type Transport, withOurs } from './transport.ts'
import type { FinalRequest, FlushEnd, FlushOptions, Sender, SenderOptions, SyncStatus } from './types.ts'
import { entryOrTime, unlessAborted } from './waits.ts'
import { uncached } from '../uncached.ts'

/** How much longer another context's finishes wait: that context most likely sends them itself. */
const courtesyMs = 2_000

/** Makes the sender of one owner's acknowledgements. Nothing is touched before its first use. */
export function createSender(options: SenderOptions): Sender {
  return new OutboxSender(options)
}

class OutboxSender implements Sender {
  readonly #options: SenderOptions
  readonly #transport: Transport
  readonly #attempts: Attempts
  #unlisten: (() => void) | undefined
  /** Aborted by `stop`, for the flushes that wait. Made by the first: Workers forbid it in global scope. */
  #life: AbortController | undefined

  constructor(options: SenderOptions) {
    this.#options = options
    this.#transport = createTransport(options.sync, options.clock)
    this.#attempts = new Attempts(options, this.#transport)
  }

  start(): void {
    if (this.#unlisten) return
    this.#unlisten = this.#options.replica.listen({
      entry: (entry, own) => this.#heard(entry, own),
      notice: (notice) => this.#noticed(notice),
      left: () => this.#attempts.freed(),
    })
    this.#attempts.active = true
    this.#attempts.begin()
  }

  async stop(): Promise<void> {
    this.#unlisten?.()
    this.#unlisten = undefined
    this.#attempts.rest()
    this.#life?.abort()
    this.#life = undefined
    await this.#attempts.abort()
  }

  async leave({ flush = false }: { readonly flush?: boolean } = {}): Promise<void> {
    const request = flush && this.#attempts.untilFree() === 0 ? this.final() : undefined
    const left = this.#attempts.leave()
    // Whoever sends next learns from the server what of it arrived.
    if (request !== undefined) this.#transport.send(request.init).catch(() => undefined)
    await left
  }

  wake(): void {
    this.#attempts.active = this.#unlisten !== undefined
    this.#attempts.begin()
  }

  rouse(): void {
    if (this.#unlisten) this.#attempts.rouse(this.#lingerMs)
  }

  nextAt(): number | undefined {
    const { replica, owner, clock } = this.#options
    const { unauthorized, plan } = this.#attempts
    if (unauthorized || replica.state === undefined || !hasUnsent(replica.state, owner)) return undefined
    return plan?.at ?? clock.now()
  }

  resume(): void {
    this.#attempts.resume()
    this.#attempts.begin()
  }

  async flush({ signal }: FlushOptions = {}): Promise<FlushEnd> {
    signal?.throwIfAborted()
    const attempts = this.#attempts
    attempts.flushes++
    try {
      return await unlessAborted(this.#flushAll(signal), signal)
    } finally {
      attempts.flushes--
      if (attempts.flushes === 0) this.#life = undefined
      if (attempts.flushes === 0 && !attempts.active) void attempts.abort()
    }
  }

  status(): SyncStatus {
    const { lastError, plan } = this.#attempts
    const unsent = this.#unsent()
    return {
      state: this.#stateOf(unsent),
      unsent,
      ...(lastError !== undefined && { lastError }),
      ...(plan && unsent > 0 && { nextAt: plan.at }),
    }
  }

  final(): FinalRequest | undefined {
    const { replica, queue, owner, clock, sync } = this.#options
    const theirs = this.#transport.lastHeaders()
    if (replica.state === undefined || theirs === undefined || this.#attempts.unauthorized) return undefined
    const batch = finalBatch(replica.state, queue, owner, clock.now())
    if (batch === undefined) return undefined
    const headers = withOurs(theirs, batch)
    const init = { method: 'POST', headers, body: batch.body, keepalive: true, redirect: 'manual' } as const
    return { url: sync.url, init: { ...uncached(), ...init } }
  }

  async #flushAll(signal: AbortSignal | undefined): Promise<FlushEnd> {
    const attempts = this.#attempts
    this.#life ??= new AbortController()
    const life = this.#life.signal
    await this.#options.replica.catchUp()
    for (;;) {
      if (signal?.aborted || life.aborted) return 'stopped'
      // One that is under way may have looked for the last time before what is to be flushed was there.
      const joined = attempts.running
      const end = await attempts.run()
      if (end.why === 'failed') throw end.error
      if (end.why === 'busy') {
        await entryOrTime(this.#options, () => attempts.untilFree() === 0, end.waitMs, [signal, life])
      } else if (end.why !== 'lingering' && (!joined || (end.why !== 'idle' && end.why !== 'stopped'))) {
        return end.why
      }
    }
  }

  #heard(entry: LogEntry, own: boolean): void {
    const finished = entry.events.some(
      (event) => (event.type === 'completed' || event.type === 'dead') && event.outbox !== undefined,
    )
    if (finished) this.#attempts.trigger(this.#lingerMs + (own ? 0 : courtesyMs))
  }

  #noticed({ state }: StoreNotice): void {
    // Nothing works from here on: another attempt would only fail like the last.
    if (state === 'closed' || state === 'down') void this.stop()
    // What happened in between was not seen entry by entry.
    if (state === 'reloaded' || state === 'replaced') this.#attempts.trigger(this.#lingerMs)
  }

  get #lingerMs(): number {
    return lingerMs(this.#options.sync)
  }

  #unsent(): number {
    const { replica, owner } = this.#options
    return replica.state === undefined ? 0 : countUnsent(replica.state, owner)
  }

  #stateOf(unsent: number): SyncStatus['state'] {
    const { unauthorized, running, refused } = this.#attempts
    if (unauthorized) return 'unauthorized'
    if (running) return 'sending'
    if (unsent === 0) return 'idle'
    if (!this.#options.online()) return 'offline'
    return refused ? 'refused' : 'waiting'
  }
}
