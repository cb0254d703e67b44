import { misuse, refuseUnknown } from '../errors.ts'
import type { Store, StoreFactory } from './contract.ts'
import { assertEncodable } from './encoding.ts'
import { closedStore } from './failures.ts'
import { append } from './sqlite/append.ts'
import type { Connection } from './sqlite/connection.ts'
import type { SqliteDriver } from './sqlite/driver.ts'
import { createLink, type Link } from './sqlite/link.ts'
import {
  addBye,
  createHead,
  erase,
  headAt,
  headOf,
  missedSince,
  snapshotOf,
  type Target,
  truncate,
} from './sqlite/log.ts'
import { openFile } from './sqlite/open.ts'
import { payloadOf } from './sqlite/payloads.ts'
import { createTransactions } from './sqlite/transaction.ts'

/** Options of {@link sqliteStore}: a file, or a connection. */
export type SqliteStoreOptions = SqliteFileOptions | SqliteDriverOptions

/** A file that the store opens and closes by itself. */
export interface SqliteFileOptions {
  /** The file's path, made if it is not there; `:memory:` for none. */
  readonly path: string
  readonly driver?: never
  /**
   * How often the file is looked at for what other processes wrote, in milliseconds, while a queue is open.
   *
   * @default 250
   */
  readonly pollMs?: number
}

/** A connection that is the store's alone until the queues on it are closed; closing it is the caller's. */
export interface SqliteDriverOptions {
  readonly driver: SqliteDriver
  readonly path?: never
  /** As for a file. */
  readonly pollMs?: number
}

/** As many as in the other stores, so that what fits here fits there. */
const maxEntryBytes = 2 ** 23
const defaultPollMs = 250
let connections = 0

/**
 * A store in SQLite. All queues of a file share its tables, and several processes may work on one file, each of them a
 * replica. Nothing is opened before the first call.
 *
 * Every transaction is synchronous: the process does nothing else meanwhile. It is short, but for large payloads and
 * slow disks. For a lock that somebody else holds the process waits without being blocked.
 *
 * With the `sqlite3` shell, three questions that operators ask:
 *
 * ```sql
 * -- How deep is each queue?
 * SELECT queue, kind, state, count(*) AS jobs FROM holdfast_jobs GROUP BY queue, kind, state;
 * -- What has been due the longest?
 * SELECT queue, kind, count(*) AS due, (unixepoch() * 1000 - min(available_at)) / 1000 AS oldest_seconds
 * FROM holdfast_jobs WHERE state = 'pending' AND available_at <= unixepoch() * 1000 GROUP BY queue, kind;
 * -- What is in the dead letters, and why?
 * SELECT queue, kind, id, reason, error FROM holdfast_jobs WHERE state = 'dead' ORDER BY enqueued_at;
 * ```
 *
 * @throws TypeError when neither a path nor a driver is given, or both, or an option that there is not; RangeError when
 * `pollMs` is not more than 0.
 *
 * @example
 * ```ts
 * import { createQueue } from 'holdfast'
 * import { sqliteStore } from 'holdfast/sqlite'
 *
 * const store = sqliteStore({ path: ':memory:' })
 * const queue = createQueue({ name: 'mail', store, handlers: { send: async (to: string) => ({ to }) } })
 * await queue.close()
 * ```
 */
export function sqliteStore(options: SqliteStoreOptions): StoreFactory {
  check(options)
  const { path, driver, pollMs = defaultPollMs } = options
  const inMemory = path === '' || path === ':memory:'
  const name = driver ? driver.location : inMemory ? undefined : path
  connections += 1
  const location = `sqlite:${name ?? `connection-${connections}`}`
  const opener = async () => (driver ? { driver, close: () => undefined } : openFile(path))
  const link = createLink(location, opener, pollMs)
  const { durable, exclusive } = driver ?? { durable: !inMemory, exclusive: false }
  return (queueName) =>
    openHandle(link, { queueName, identity: `${location}:${queueName}`, durable, exclusive })
}

function check(options: SqliteStoreOptions): void {
  refuseUnknown('options', options, ['path', 'driver', 'pollMs'])
  const { path, driver, pollMs = defaultPollMs } = options
  if ((path === undefined) === (driver === undefined)) {
    throw new TypeError('Cannot make a SQLite store: give it either a path or a driver')
  }
  if (path !== undefined && typeof path !== 'string') throw misuse('options.path', path, 'text')
  if (driver !== undefined && typeof Object(driver).transaction !== 'function') {
    throw misuse(
      'options.driver',
      driver,
      'what nodeSqlite, bunSqlite or durableObjectSqlite make of a database',
    )
  }
  if (typeof pollMs !== 'number') throw misuse('options.pollMs', pollMs, 'a number')
  if (!(pollMs > 0))
    throw new RangeError(`Cannot make a SQLite store: pollMs is ${pollMs}, expected more than 0`)
}

interface Handle extends Target, Pick<Store, 'durable' | 'exclusive'> {}

function openHandle(link: Link, target: Handle): Store {
  const { queueName, identity, durable, exclusive } = target
  const self = Symbol(identity)
  let closed = false
  const assertOpen = () => {
    if (closed) throw closedStore(identity)
    link.use(self)
  }
  const transactions = createTransactions(link, identity, assertOpen)
  const { read, write } = transactions
  const hint = () => link.hints.post(queueName, self)
  const close = () => {
    closed = true
    link.release(self)
  }

  return {
    identity,
    maxEntryBytes,
    exclusive,
    durable,
    sharesLocks: !durable || exclusive,
    assertStorable: assertEncodable,
    async load() {
      const found = await read((connection) => {
        const head = headOf(connection, target)
        return head && snapshotOf(connection, head, target)
      })
      const create = (connection: Connection) =>
        snapshotOf(connection, createHead(connection, target), target)
      const snapshot = found ?? (await write(create))
      link.hints.note(queueName)
      return snapshot
    },
    read: (after) =>
      read((connection) => missedSince(connection, headAt(connection, after, target), after.seq, identity)),
    async commit(after, decide, options = {}) {
      assertOpen()
      const appender = { ...target, transactions, limits: { maxEntryBytes } }
      const seq = await append(appender, after, decide, options)
      if (seq !== undefined) hint()
      return seq
    },
    payload: (id) =>
      read((connection) => {
        const head = headOf(connection, target)
        return head && payloadOf(connection, head.queue, id, identity)
      }),
    checkpoint: (through, pages, floor = through.seq) =>
      write((connection) => {
        const head = headOf(connection, target)
        const isNews = head?.log === through.log && through.seq > head.mark && through.seq <= head.head
        if (isNews) truncate(connection, head.queue, { mark: through.seq, floor }, pages)
        return isNews
      }),
    subscribe(listener) {
      assertOpen()
      const unsubscribe = link.hints.subscribe(queueName, self, listener)
      // Who only listens needs a connection as well; what keeps it from opening, the next call will tell.
      if (link.current === undefined) link.open().catch(() => undefined)
      return unsubscribe
    },
    async leave(worker) {
      await write((connection) => addBye(connection, createHead(connection, target), worker))
      hint()
    },
    async destroy() {
      await write(
        (connection) => erase(connection, target),
        () => 'strict',
      )
      hint()
      close()
    },
    close: async () => close(),
  }
}
