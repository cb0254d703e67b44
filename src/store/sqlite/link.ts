import { isQueueError, QueueError } from '../../errors.ts'
import { connect } from './connect.ts'
import { type Connection, isShared, type Row } from './connection.ts'
import type { SqliteValue } from './driver.ts'
import { failure } from './failure.ts'
import { createHints, type Hints, type Watched } from './hints.ts'
import type { Opened } from './open.ts'

/** The one connection that the handles of a factory share. */
export interface Link {
  readonly current: Connection | undefined
  readonly hints: Hints
  /** @throws QueueError `store-unavailable`; the next call tries again. */
  open(): Promise<Connection>
  /** A handle uses the connection, until it is released. */
  use(handle: symbol): void
  /** The last handle's release closes a connection that is the link's own. */
  release(handle: symbol): void
}

export function createLink(location: string, opener: () => Promise<Opened>, everyMs: number): Link {
  const users = new Set<symbol>()
  const hints = createHints(everyMs)
  let current: Connection | undefined
  let opening: Promise<Connection> | undefined
  let close: (() => void) | undefined

  const start = async (): Promise<Connection> => {
    const opened = await opener()
    try {
      const connection = await connect(opened.driver, location)
      if (isShared(opened.driver)) hints.watch(watchedOf(connection))
      current = connection
      // What is in memory only would be gone with its connection.
      if (opened.driver.durable) close = opened.close
    } catch (error) {
      opened.close()
      throw error
    }
    const connection = current
    // Whoever asked may be gone by now.
    rest()
    return connection
  }
  const rest = (): void => {
    if (users.size > 0 || current === undefined || close === undefined) return
    hints.rest()
    current = undefined
    close()
  }

  return {
    get current() {
      return current
    },
    hints,
    open() {
      opening ??= start()
        .catch((error: unknown) => {
          throw unavailable(error, location)
        })
        .finally(() => {
          opening = undefined
        })
      return opening
    },
    use: (handle) => void users.add(handle),
    release(handle) {
      hints.drop(handle)
      users.delete(handle)
      rest()
    },
  }
}

function watchedOf({ all }: Connection): Watched {
  const told = (sql: string, ...values: SqliteValue[]): readonly Row[] | undefined => {
    try {
      return all(sql, ...values)
    } catch {
      // Locked; and whoever reads next will hear of anything worse.
      return undefined
    }
  }
  return {
    version: () => {
      const version = told('PRAGMA data_version')?.[0]?.data_version
      return typeof version === 'number' ? version : undefined
    },
    position(queue) {
      const rows = told(
        `SELECT log, (SELECT max(seq) FROM holdfast_entries WHERE queue = queues.id) AS head,
            (SELECT count(*) FROM holdfast_byes WHERE queue = queues.id) AS byes
          FROM holdfast_queues AS queues WHERE name = ?`,
        queue,
      )
      return rows?.map(({ log, head, byes }) => `${log} ${head} ${byes}`).join()
    },
  }
}

function unavailable(cause: unknown, location: string): unknown {
  const known = failure(cause, location, false)
  if (isQueueError(known) && known.code !== 'store-failed') return known
  return new QueueError('store-unavailable', `Cannot open the store ${location}`, { cause })
}
