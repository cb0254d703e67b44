import type { Clock } from '../types.ts'
import { uncached } from '../uncached.ts'

/** How long a probe may take (milliseconds); an answer that comes later proves little of the next request. */
const probeMs = 10_000

/** Options of {@link createConnectivity}. */
export interface ConnectivityOptions {
  /**
   * Whether the outside world answers. A rejection is a no, and so is no answer within 10 s (the signal aborts then).
   *
   * @default a `HEAD` request to `syncUrl`, where any answer is a yes
   */
  readonly probe?: ((signal: AbortSignal) => boolean | Promise<boolean>) | undefined
  readonly syncUrl?: string | undefined
  /** @default globalThis.fetch */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  readonly clock: Clock
}

/** Whether there is a network, as far as the platform and a probe can tell. */
export interface Connectivity {
  /** `false` only when the platform is sure that there is none; anything else it says proves nothing. */
  online(): boolean
  /** Whether anybody answers; `undefined` when there is nobody to ask. Never rejects. */
  probe(): Promise<boolean | undefined>
  /** Calls back when `online()` may have changed, where the platform tells. Returns what ends that. */
  subscribe(listener: () => void): () => void
}

/** Makes a view of the network. Nothing is touched before the first call. */
export function createConnectivity(options: ConnectivityOptions): Connectivity {
  const { clock } = options
  const ask = options.probe ?? headOf(options)
  let asking: Promise<boolean> | undefined
  return {
    online: () => globalThis.navigator?.onLine !== false,
    async probe() {
      if (ask === undefined) return undefined
      asking ??= withinLimit(ask, clock).finally(() => {
        asking = undefined
      })
      return asking
    },
    subscribe,
  }
}

function headOf({ syncUrl, fetch }: ConnectivityOptions): ConnectivityOptions['probe'] {
  if (syncUrl === undefined) return undefined
  return async (signal) => {
    const send = fetch ?? globalThis.fetch.bind(globalThis)
    // Without CORS any answer, even one that may not be read, is an answer.
    const init: RequestInit = { ...uncached(), method: 'HEAD', mode: 'no-cors', signal }
    const response = await send(syncUrl, init)
    response.body?.cancel().catch(() => undefined)
    return true
  }
}

/** No answer, of whatever kind, is the answer no. */
async function withinLimit(ask: NonNullable<ConnectivityOptions['probe']>, clock: Clock): Promise<boolean> {
  const limit = new AbortController()
  const late = new Promise<false>((resolve) => {
    limit.signal.addEventListener('abort', () => resolve(false), { once: true })
  })
  const cancel = clock.setTimer(() => limit.abort(), probeMs)
  try {
    return await Promise.race([Promise.resolve(limit.signal).then(ask), late])
  } catch {
    return false
  } finally {
    cancel()
  }
}

function subscribe(listener: () => void): () => void {
  if (typeof globalThis.addEventListener !== 'function') return () => undefined
  globalThis.addEventListener('online', listener)
  globalThis.addEventListener('offline', listener)
  return () => {
    globalThis.removeEventListener('online', listener)
    globalThis.removeEventListener('offline', listener)
  }
}
