import type { QueueError } from '../../errors.ts'
import { closedStore } from '../failures.ts'
import { createFreeze } from './freeze.ts'
import { type Connection, type Opener, openPatiently } from './open.ts'

/** The one connection of a handle: opened with its first call, and again after it was lost. */
export interface Link {
  /** The open connection, unless the page is frozen: a call that cannot wait does not have to. */
  readonly current: Connection | undefined
  /** Waits while the page is frozen. @throws QueueError `closed`, also when `close` is called meanwhile. */
  open(): Promise<Connection>
  /** The connection turned out to be dead: the next call opens another. */
  drop(connection: Connection): void
  /** @throws QueueError `closed` */
  assertOpen(): void
  close(): void
}

/** `lost` is called when the connection was taken away: whoever took it may have taken the log, too. */
export function createLink(identity: string, opener: Opener, lost: () => void): Link {
  let current: Connection | undefined
  let opening: Promise<Connection> | undefined
  let closed = false
  const waiting = new Set<(reason: QueueError) => void>()
  const dead = new WeakSet<IDBDatabase>()
  const letGo = () => {
    current?.release()
    current = undefined
  }
  // A frozen page hears of no `versionchange`: its connection would hold up a newer build, and whoever erases the queue.
  const freeze = createFreeze(letGo)

  const gone = (db: IDBDatabase) => {
    dead.add(db)
    if (current?.db !== db) return
    const { isProven } = current
    current = undefined
    // One that was of no use is not opened again and again without being asked for.
    if (isProven) lost()
  }
  const start = async (): Promise<Connection> => {
    try {
      freeze.start()
      for (;;) {
        await freeze.over()
        if (current) return current
        const connection = await openPatiently(identity, opener, gone, () => !closed)
        if (closed || freeze.isOn) connection.release()
        else if (!dead.has(connection.db)) current = connection
        // What was opened on the way into the freeze would be held all through it.
        if (!freeze.isOn) return connection
      }
    } finally {
      opening = undefined
    }
  }

  return {
    get current() {
      return freeze.isOn ? undefined : current
    },
    // Raced by hand: an open that is blocked may never be answered, and must not keep those whom close() lets go.
    open: () =>
      new Promise((resolve, reject) => {
        if (closed) return reject(closedStore(identity))
        waiting.add(reject)
        opening ??= start()
        opening.then(resolve, reject).finally(() => waiting.delete(reject))
      }),
    drop(connection) {
      if (current?.db === connection.db) current = undefined
      connection.release()
    },
    assertOpen() {
      if (closed) throw closedStore(identity)
    },
    close() {
      closed = true
      freeze.stop()
      letGo()
      for (const reject of waiting) reject(closedStore(identity))
    },
  }
}
