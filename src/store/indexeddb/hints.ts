/** Tells the other handles of one identity, in every context of the origin, that something happened. */
export interface Hints {
  post(): void
  subscribe(listener: () => void): () => void
  close(): void
}

/** Nothing is opened before it is needed; where there is no BroadcastChannel, nobody is told. */
export function createHints(identity: string): Hints {
  const listeners = new Set<() => void>()
  let channel: BroadcastChannel | undefined
  let closed = false
  const open = (): BroadcastChannel | undefined => {
    if (!closed) channel ??= openChannel(identity)
    return channel
  }

  return {
    post: () => open()?.postMessage(null),
    subscribe(listener) {
      const own = () => listener()
      listeners.add(own)
      const opened = open()
      if (opened) opened.onmessage ??= () => tell(listeners)
      return () => {
        listeners.delete(own)
      }
    },
    close() {
      closed = true
      listeners.clear()
      channel?.close()
      channel = undefined
    },
  }
}

function openChannel(identity: string): BroadcastChannel | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined
  const channel = new BroadcastChannel(identity)
  // Node would not exit while one is open.
  if ('unref' in channel && typeof channel.unref === 'function') channel.unref()
  return channel
}

// Each listener in a microtask of its own, so that one that throws keeps the hint from no other.
function tell(listeners: ReadonlySet<() => void>): void {
  for (const listener of listeners) queueMicrotask(() => listeners.has(listener) && listener())
}
