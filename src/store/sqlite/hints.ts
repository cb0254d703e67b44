/** Tells the handles of a database that others wrote to it. */
export interface Hints {
  /** A handle wrote: those of the same queue on the same connection learn of it at once. */
  post(queue: string, by: symbol): void
  subscribe(queue: string, by: symbol, listener: () => void): () => void
  /** A handle looks at its queue now: what others write from here on is news. */
  note(queue: string): void
  /** A handle is closed. */
  drop(by: symbol): void
  /** There is a connection now: what others commit from here on is noticed. */
  watch(watched: Watched): void
  /** The connection is closed. */
  rest(): void
}

/** What is looked at; `undefined` where it cannot be told at the moment. */
export interface Watched {
  /** Another number after another connection committed. */
  version(): number | undefined
  /** Another text after something was written to this queue. */
  position(queue: string): string | undefined
}

interface Subscription {
  readonly queue: string
  readonly by: symbol
  readonly listener: () => void
}

/**
 * SQLite tells nobody of a commit. What it has is `PRAGMA data_version`, a number in memory that moves when another
 * connection committed: 17 µs to ask for, every `everyMs` milliseconds and only while somebody listens. (A file
 * watcher on the write-ahead log would hear of it sooner, but of its own writes as well, not at all on network drives,
 * and each runtime has another.)
 */
export function createHints(everyMs: number): Hints {
  const subscriptions = new Set<Subscription>()
  const positions = new Map<string, string | undefined>()
  let watched: Watched | undefined
  let seen: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const look = (): void => {
    timer = undefined
    const now = watched?.version()
    if (now !== undefined && now !== seen) {
      seen = now
      for (const queue of new Set([...subscriptions].map((each) => each.queue))) lookAt(queue)
    }
    lookAgain()
  }
  const lookAt = (queue: string): void => {
    const position = watched?.position(queue)
    if (position !== undefined && position === positions.get(queue)) return
    positions.set(queue, position)
    tell(subscriptions, (each) => each.queue === queue)
  }
  const note = (queue: string): void => {
    if (watched && !positions.has(queue)) positions.set(queue, watched.position(queue))
  }
  const lookAgain = (): void => {
    if (watched === undefined || subscriptions.size === 0 || timer !== undefined) return
    timer = setTimeout(look, everyMs)
    unref(timer)
  }

  return {
    post(queue, by) {
      tell(subscriptions, (each) => each.queue === queue && each.by !== by)
    },
    subscribe(queue, by, listener) {
      const subscription = { queue, by, listener }
      subscriptions.add(subscription)
      note(queue)
      lookAgain()
      return () => void subscriptions.delete(subscription)
    },
    note,
    drop(by) {
      for (const each of subscriptions) if (each.by === by) subscriptions.delete(each)
    },
    watch(connection) {
      watched = connection
      // Who subscribed before may have missed something: the first look tells them, whatever it finds.
      positions.clear()
      seen = subscriptions.size > 0 ? undefined : connection.version()
      lookAgain()
    },
    rest() {
      watched = undefined
      clearTimeout(timer)
      timer = undefined
    },
  }
}

// Each listener in a microtask of its own, so that one that throws keeps the hint from no other.
function tell(subscriptions: ReadonlySet<Subscription>, concerned: (each: Subscription) => boolean): void {
  for (const each of subscriptions) {
    if (concerned(each)) queueMicrotask(() => subscriptions.has(each) && each.listener())
  }
}

/** An idle queue keeps no process alive. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
  }
}
