/** Tells the other handles of one identity, in every context of the origin, that something happened. */
export interface Hints {
  /** At once, unless something was told a moment ago: then with what else happens in that moment. */
  post(): void
  /** At once, as there may be no later; whoever goes on hears again a moment after. */
  postLast(): void
  /** Tells those of this handle. */
  tell(): void
  subscribe(listener: () => void): () => void
  close(): void
}

/** Nothing is opened before it is needed; where there is no BroadcastChannel, nobody is told. */
export function createHints(identity: string): Hints {
  const listeners = new Set<() => void>()
  let channel: BroadcastChannel | undefined
  let closed = false
  const open = (): BroadcastChannel | undefined => {
    if (closed || channel) return channel
    channel = openChannel(identity)
    if (channel && listeners.size > 0) channel.onmessage = () => tell(listeners)
    return channel
  }
  const shut = () => {
    pace.flush()
    channel?.close()
    channel = undefined
  }
  const pace = createPace(() => open()?.postMessage(null))
  const listen = () => {
    if (listeners.size > 0 && !visit.isOver) open()
  }
  const back = () => {
    listen()
    // Whatever happened meanwhile, nobody told.
    tell(listeners)
  }
  const visit = createVisit({ left: shut, back, slowed: pace.flush, thawed: back })

  return {
    post() {
      visit.start()
      pace.post()
      if (visit.isOver) shut()
    },
    postLast() {
      visit.start()
      pace.post()
      // In one breath: what others make of it must find no channel open in a page that is kept for the back button.
      shut()
      setTimeout(listen)
    },
    tell: () => tell(listeners),
    subscribe(listener) {
      const own = () => listener()
      listeners.add(own)
      visit.start()
      if (!visit.isOver) {
        const opened = open()
        if (opened) opened.onmessage ??= () => tell(listeners)
      }
      return () => {
        listeners.delete(own)
      }
    },
    close() {
      visit.stop()
      listeners.clear()
      shut()
      closed = true
    },
  }
}

/**
 * How long what happens is gathered after something was told (milliseconds): a message costs a commit's tenth. A hidden
 * page gathers nothing: it would tell a second later, or a minute.
 */
const gatherMs = 20

interface Pace {
  post(): void
  /** Posts what is being gathered, if anything is. */
  flush(): void
}

function createPace(send: () => void): Pace {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOwed = false
  const rest = () => {
    clearTimeout(timer)
    timer = undefined
  }
  const post = () => {
    isOwed = timer !== undefined
    if (isOwed) return
    send()
    if (!isHidden()) timer = setTimeout(over, gatherMs)
  }
  const over = () => {
    rest()
    if (isOwed) post()
  }
  return {
    post,
    flush() {
      rest()
      if (isOwed) send()
      isOwed = false
    },
  }
}

function isHidden(): boolean {
  return typeof document !== 'undefined' && document.visibilityState === 'hidden'
}

/** Whether this page was left, for good or for the back/forward cache; and when its timers are about to be slow. */
interface Visit {
  readonly isOver: boolean
  /** Listens from here on, where there are pages. */
  start(): void
  stop(): void
}

/**
 * Chromium throws a page out of the back/forward cache as soon as a message reaches a channel that it has open: with
 * another tab at work, at once. So none is open while the page is away.
 */
function createVisit(on: Record<'left' | 'back' | 'slowed' | 'thawed', () => void>): Visit {
  let isListening = false
  let isOver = false
  const left = () => {
    isOver = true
    on.left()
  }
  const back = () => {
    if (!isOver) return
    isOver = false
    on.back()
  }
  const changed = () => {
    if (isHidden()) on.slowed()
  }

  return {
    get isOver() {
      return isOver
    },
    start() {
      if (isListening || typeof document === 'undefined') return
      isListening = true
      addEventListener('pagehide', left)
      addEventListener('pageshow', back)
      document.addEventListener('visibilitychange', changed)
      document.addEventListener('freeze', on.slowed)
      document.addEventListener('resume', on.thawed)
    },
    stop() {
      if (!isListening) return
      removeEventListener('pagehide', left)
      removeEventListener('pageshow', back)
      document.removeEventListener('visibilitychange', changed)
      document.removeEventListener('freeze', on.slowed)
      document.removeEventListener('resume', on.thawed)
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
