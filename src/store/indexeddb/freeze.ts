/**
 * Whether this page is frozen. Hints and freed locks still reach a frozen page, but the transaction they would have it
 * begin gets no answer until it is thawed, and holds up every other context's: Chromium gives up on it after a minute.
 */
export interface Freeze {
  readonly isOn: boolean
  /** Resolves once the page is not frozen, or `stop` was called. */
  over(): Promise<void>
  /** Listens from here on, where pages can be frozen. */
  start(): void
  stop(): void
}

/** `begun` is called when the page is about to be frozen. */
export function createFreeze(begun: () => void): Freeze {
  const waiting = new Set<() => void>()
  let isListening = false
  let isOn = false
  const begin = () => {
    isOn = true
    begun()
  }
  const end = () => {
    isOn = false
    for (const resolve of waiting) resolve()
    waiting.clear()
  }

  return {
    get isOn() {
      return isOn
    },
    over: () => (isOn ? new Promise<void>((resolve) => waiting.add(resolve)) : Promise.resolve()),
    start() {
      if (isListening || typeof document === 'undefined') return
      isListening = true
      document.addEventListener('freeze', begin)
      document.addEventListener('resume', end)
    },
    stop() {
      end()
      if (!isListening) return
      document.removeEventListener('freeze', begin)
      document.removeEventListener('resume', end)
    },
  }
}

/**
 * Calls back when this page is about to be frozen, or kept for the back button: what it has under way then gets no
 * answer until it is back, if ever, and holds up every other context. Returns what ends it.
 */
export function whenSuspended(suspended: () => void): () => void {
  if (typeof document === 'undefined') return () => undefined
  addEventListener('pagehide', suspended)
  document.addEventListener('freeze', suspended)
  return () => {
    removeEventListener('pagehide', suspended)
    document.removeEventListener('freeze', suspended)
  }
}
