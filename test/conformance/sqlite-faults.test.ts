import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createQueue } from 'holdfast'
import { nodeSqlite, type SqliteDriver, sqliteStore } from 'holdfast/sqlite'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { isQueueError, type QueueErrorCode } from '../../src/errors.ts'
import type { Decide, Draft, Store } from '../../src/store/contract.ts'

/** What can go wrong in SQLite, and nowhere else. */
const folder = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
const databases: DatabaseSync[] = []
let files = 0
afterEach(() => {
  for (const database of databases.splice(0)) if (database.isOpen) database.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function newPath(): string {
  files += 1
  return join(folder, `${files}.db`)
}

function connect(path = newPath()): DatabaseSync {
  const database = new DatabaseSync(path)
  databases.push(database)
  return database
}

/** The store on a connection that the test can look at, what it executed, and when it flushed. */
function watched(path = newPath()): { store: Store; database: DatabaseSync; executed: string[] } {
  const database = connect(path)
  const executed: string[] = []
  const driver = nodeSqlite({
    exec(sql) {
      executed.push(sql)
      database.exec(sql)
    },
    prepare: (sql) => database.prepare(sql),
  })
  const flush = async () => {
    executed.push('flush')
    await driver.flush?.()
  }
  return { store: sqliteStore({ driver: { ...driver, flush } })('q'), database, executed }
}

const draft = (more: Partial<Draft> = {}): Draft => ({
  id: 'a:1',
  body: '{}',
  durability: 'relaxed',
  ...more,
})

async function codeOf(doing: Promise<unknown>): Promise<QueueErrorCode | undefined> {
  const error: unknown = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return isQueueError(error) ? error.code : undefined
}

describe('the lock', () => {
  test('is waited for without blocking the process, for as long as somebody else holds it', async () => {
    const { store, database } = watched()
    const { log } = await store.load()
    const other = connect(database.location() ?? '')
    other.exec('BEGIN IMMEDIATE')
    let isDone = false
    const committed = store
      .commit({ log, seq: 0 }, () => draft())
      .finally(() => {
        isDone = true
      })
    // Turns of the event loop, which would not come if the connection slept: a hundred of them, and many tries.
    let longest = 0
    for (let turn = 0; turn < 100; turn += 1) {
      const before = performance.now()
      await new Promise((resolve) => setImmediate(resolve))
      longest = Math.max(longest, performance.now() - before)
    }
    expect(longest).toBeLessThan(1_000)
    expect(isDone).toBe(false)
    // Reading needs no lock.
    expect(await store.read({ log, seq: 0 })).toEqual({ entries: [], byes: [] })
    other.exec('COMMIT')
    expect(await committed).toBe(1)
  })

  test('of a closed handle is waited for no more', async () => {
    const { store, database } = watched()
    const { log } = await store.load()
    const other = connect(database.location() ?? '')
    other.exec('BEGIN IMMEDIATE')
    const code = codeOf(store.commit({ log, seq: 0 }, () => draft()))
    await store.close()
    expect(await code).toBe('closed')
    other.exec('COMMIT')
  })

  test('is taken once for a commit, refused or not', async () => {
    const { store, database, executed } = watched()
    const { log } = await store.load()
    const other = sqliteStore({ path: database.location() ?? '' })('q')
    const begun = async (seq: number): Promise<number> => {
      executed.length = 0
      await store.commit({ log, seq }, () => draft())
      return executed.filter((sql) => sql.startsWith('BEGIN')).length
    }
    expect(await begun(0)).toBe(1)
    await other.commit({ log, seq: 1 }, () => draft())
    expect(await begun(1)).toBe(1)
    await other.close()
  })
})

describe('durability', () => {
  const commits = (executed: readonly string[]) =>
    executed.filter((sql) => sql === 'COMMIT' || sql === 'flush' || sql.includes('synchronous'))

  test('is a flush of what is strict, after its commit and without the lock', async () => {
    const { store, executed } = watched()
    const { log } = await store.load()
    expect(commits(executed)).toContain('PRAGMA synchronous = NORMAL')
    executed.length = 0
    await store.commit({ log, seq: 0 }, () => draft({ durability: 'strict' }))
    expect(commits(executed)).toEqual(['COMMIT', 'flush'])
    await store.commit({ log, seq: 1 }, () => draft({ durability: 'relaxed' }))
    expect(commits(executed)).toEqual(['COMMIT', 'flush', 'COMMIT'])
  })

  test('is that of the draft that was appended, whatever the first one said', async () => {
    const { store, executed } = watched()
    const { log } = await store.load()
    await store.commit({ log, seq: 0 }, () => draft())
    executed.length = 0
    const { decide } = turns(draft(), draft({ durability: 'strict' }))
    expect(await store.commit({ log, seq: 0 }, decide)).toBe(2)
    expect(commits(executed)).toEqual(['COMMIT', 'flush'])
  })

  test('is with every commit where nothing can be flushed', async () => {
    const { driver, executed } = unflushable()
    await sqliteStore({ driver })('q').load()
    expect(commits(executed)).toContain('PRAGMA synchronous = FULL')
  })

  test('that fails leaves open whether the entry is there, and nothing tells of it before it is on the disk', async () => {
    const broken = new Error('the disk is gone')
    let isBroken = true
    let flushes = 0
    const flush = async () => {
      flushes++
      if (isBroken) throw broken
    }
    const driver = { ...unflushable().driver, flush }
    const store = sqliteStore({ driver })('q')
    const { log } = await store.load()
    const error: unknown = await store
      .commit({ log, seq: 0 }, () => draft({ durability: 'strict' }))
      .catch((reason: unknown) => reason)
    expect(isQueueError(error, 'store-failed') && error.uncertain && error.cause).toBe(broken)
    await expect(store.read({ log, seq: 0 })).rejects.toMatchObject({ code: 'store-failed', uncertain: true })
    isBroken = false
    expect((await store.read({ log, seq: 0 })).entries).toHaveLength(1)
    expect(flushes).toBe(3)
    await store.read({ log, seq: 0 })
    expect(flushes).toBe(3)
  })

  test('that is under way keeps no reader waiting', async () => {
    const { promise: flushed, resolve } = Promise.withResolvers<void>()
    let flushes = 0
    const flush = () => {
      flushes++
      return flushed
    }
    const store = sqliteStore({ driver: { ...unflushable().driver, flush } })('q')
    const { log } = await store.load()
    const committed = store.commit({ log, seq: 0 }, () => draft({ durability: 'strict' }))
    await vi.waitFor(() => expect(flushes).toBe(1))
    expect(await store.payload('none')).toBe(undefined)
    expect(flushes).toBe(1)
    resolve()
    expect(await committed).toBe(1)
  })

  test('needs no flush once the last connection is closed', async () => {
    const path = newPath()
    await expect(nodeSqlite(connect(path)).flush?.()).resolves.toBe(undefined)
  })
})

function unflushable(): { driver: SqliteDriver; executed: string[] } {
  const database = connect()
  const executed: string[] = []
  const { flush: _, ...driver } = nodeSqlite(database)
  const exec = (sql: string) => {
    executed.push(sql)
    database.exec(sql)
  }
  return { driver: { ...driver, exec }, executed }
}

/** Decides on the drafts in turn, the last one again and again, and counts what it was told. */
function turns(...drafts: Draft[]) {
  const missed: number[] = []
  const decide: Decide = ({ entries }) => {
    missed.push(entries.length)
    return drafts[Math.min(missed.length, drafts.length) - 1]
  }
  return { decide, missed }
}

describe('what is too long for a row', () => {
  const long = `${'é👍'.repeat(400_000)}x`

  test('is cut, between characters, in entries and pages, and comes back whole', async () => {
    const { store, database } = watched()
    const { log } = await store.load()
    await store.commit({ log, seq: 0 }, () => draft({ body: long }))
    await store.commit({ log, seq: 1 }, () => draft({ body: `x${long}` }))
    expect((await store.read({ log, seq: 0 })).entries.map(({ body }) => body)).toEqual([long, `x${long}`])
    await store.checkpoint({ log, seq: 1 }, [{ id: 'jobs/0', body: `${long}y` }])
    const { pages, entries } = await store.load()
    expect(pages).toEqual([{ id: 'jobs/0', body: `${long}y` }])
    expect(entries.map(({ body }) => body)).toEqual([`x${long}`])
    await store.checkpoint({ log, seq: 2 }, [{ id: 'jobs/0', body: 'short' }])
    expect((await store.load()).pages).toEqual([{ id: 'jobs/0', body: 'short' }])
    expect(longestRow(database)).toBeLessThan(2_000_000)
  })

  test('is cut in payloads, and none of it is left when the payload goes', async () => {
    const { store, database } = watched()
    const { log } = await store.load()
    const value = { text: long, bytes: new Uint8Array(5_000_001).fill(7), empty: new Blob([]) }
    await store.commit({ log, seq: 0 }, () => draft({ put: [{ id: 'p', value }] }))
    const back = (await store.payload('p')) as typeof value
    expect(back.text).toBe(long)
    expect(back.bytes.byteLength).toBe(5_000_001)
    expect(back.bytes.every((byte) => byte === 7)).toBe(true)
    expect(back.empty.size).toBe(0)
    expect(longestRow(database)).toBeLessThan(2_000_000)
    await store.commit({ log, seq: 1 }, () => draft({ put: [{ id: 'p', value: 1 }] }))
    expect(await store.payload('p')).toBe(1)
    await store.commit({ log, seq: 2 }, () => draft({ delete: ['p'] }))
    expect(database.prepare('SELECT count(*) AS left FROM holdfast_payloads').get()).toEqual({ left: 0 })
  })
})

function longestRow(database: DatabaseSync): number {
  const lengths = ['entries', 'pages', 'payloads'].map((table) => {
    const row = database.prepare(`SELECT max(octet_length(body)) AS bytes FROM holdfast_${table}`).get()
    return Number(row?.bytes ?? 0)
  })
  return Math.max(...lengths)
}

test('a Blob that only the second draft has is read, and decide told nothing twice', async () => {
  const { store } = watched()
  const { log } = await store.load()
  await store.commit({ log, seq: 0 }, () => draft())
  const put = [{ id: 'p', value: new Blob(['late']) }]
  const { decide, missed } = turns(draft(), draft({ put }))
  expect(await store.commit({ log, seq: 0 }, decide)).toBe(2)
  expect(missed).toEqual([0, 1, 0])
  const back = await store.payload('p')
  expect(back instanceof Blob && (await back.text())).toBe('late')
})

test('a payload that cannot be written down is refused alone, whatever is taken in beside it', async () => {
  const handlers = { any: async (_: unknown) => null }
  const queue = createQueue({ name: 'q', store: sqliteStore({ path: newPath() }), handlers })
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt'])
  const before = queue.enqueue('any', new Map([[1, 'fine']]))
  const refused = queue.enqueue('any', { keys: [key] }).catch((error: unknown) => error)
  const after = queue.enqueue('any', new Set(['fine']))
  const error = await refused
  expect(isQueueError(error, 'payload-not-storable') && error.path).toBe('payload.keys[0]')
  const { id } = await before
  await after
  expect((await queue.info()).counts.pending).toBe(2)
  await expect(queue.edit(id, { key })).rejects.toMatchObject({ code: 'payload-not-storable' })
  expect((await queue.drain()).completed).toBe(2)
  await queue.close()
})

test('a database that is full, and has undone the transaction by itself, is quota-exceeded', async () => {
  const database = connect()
  const driver = nodeSqlite({
    exec(sql) {
      // As SQLite does when its disk is full; drivers of old cannot tell.
      if (sql === 'COMMIT' && isFull) {
        database.exec('ROLLBACK')
        throw Object.assign(new Error('database or disk is full'), { errcode: 13 })
      }
      database.exec(sql)
    },
    prepare: (sql) => database.prepare(sql),
  })
  let isFull = false
  const store = sqliteStore({ driver })('q')
  const { log } = await store.load()
  isFull = true
  expect(await codeOf(store.commit({ log, seq: 0 }, () => draft()))).toBe('quota-exceeded')
  isFull = false
  expect(await store.commit({ log, seq: 0 }, () => draft())).toBe(1)
})

test('a full database is quota-exceeded, keeps nothing of the commit, and takes a smaller one', async () => {
  const { store, database } = watched()
  const { log } = await store.load()
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() ?? {}
  database.exec(`PRAGMA max_page_count = ${Number(pages) + 4}`)
  const put = [{ id: 'p', value: new Uint8Array(100_000) }]
  expect(await codeOf(store.commit({ log, seq: 0 }, () => draft({ put })))).toBe('quota-exceeded')
  expect((await store.load()).entries).toEqual([])
  expect(await store.payload('p')).toBe(undefined)
  expect(await store.commit({ log, seq: 0 }, () => draft())).toBe(1)
})

describe('what another hand wrote', () => {
  test.each([
    ['UPDATE holdfast_queues SET mark = -1', 'load'],
    ["UPDATE holdfast_payloads SET body = '{' WHERE part = 0", 'payload'],
    ['UPDATE holdfast_payloads SET body = 3 WHERE part = 0', 'payload'],
    ['DELETE FROM holdfast_payloads WHERE part = 1', 'payload'],
    ['DELETE FROM holdfast_entries WHERE seq = 1', 'load'],
  ])('%s makes it store-corrupt', async (sql, method) => {
    const { store, database } = watched()
    const { log } = await store.load()
    const put = [{ id: 'p', value: new Uint8Array(3) }]
    await store.commit({ log, seq: 0 }, () => draft({ put }))
    await store.commit({ log, seq: 1 }, () => draft())
    database.exec(sql)
    expect(await codeOf(method === 'load' ? store.load() : store.payload('p'))).toBe('store-corrupt')
  })

  test('tables of a newer version are version-ahead', async () => {
    const { store, database } = watched()
    await store.load()
    database.exec("UPDATE holdfast_meta SET value = 99 WHERE key = 'version'")
    const next = sqliteStore({ path: database.location() ?? '' })('q')
    expect(await codeOf(next.load())).toBe('version-ahead')
  })

  test('a file that is no database is store-corrupt, and left as it is', async () => {
    const path = newPath()
    writeFileSync(path, 'not a database, but long enough to be looked at'.repeat(100))
    expect(await codeOf(sqliteStore({ path })('q').load())).toBe('store-corrupt')
  })
})

test('a file that cannot be opened is store-unavailable, and opened once it can be', async () => {
  const path = join(folder, 'not-there', 'q.db')
  const store = sqliteStore({ path })('q')
  expect(await codeOf(store.load())).toBe('store-unavailable')
  expect(await codeOf(store.commit({ log: 'x', seq: 0 }, () => draft()))).toBe('store-unavailable')
})

test('a connection that the application closed is store-failed', async () => {
  const { store, database } = watched()
  const { log } = await store.load()
  database.close()
  expect(await codeOf(store.read({ log, seq: 0 }))).toBe('store-failed')
})

test('an exclusive or absent choice of where to store is refused at once', () => {
  const driver = nodeSqlite(connect())
  // @ts-expect-error one or the other
  expect(() => sqliteStore({})).toThrow(TypeError)
  // @ts-expect-error not both
  expect(() => sqliteStore({ driver, path: 'q.db' })).toThrow(TypeError)
  expect(() => sqliteStore({ driver, pollMs: 0 })).toThrow(RangeError)
})

test('an option that there is not, or of another sort, is refused at once, and named', () => {
  // @ts-expect-error it is spelt pollMs
  expect(() => sqliteStore({ path: 'q.db', pollMS: 5 })).toThrow(/pollMS: there is no such option.*pollMs/)
  // @ts-expect-error a path is text
  expect(() => sqliteStore({ path: 7 })).toThrow(/options\.path: it is 7/)
  // @ts-expect-error a path alone is no options
  expect(() => sqliteStore('q.db')).toThrow(TypeError)
  // @ts-expect-error a database is not a driver
  expect(() => sqliteStore({ driver: connect() })).toThrow(/options\.driver.*nodeSqlite/)
  // @ts-expect-error text is no number
  expect(() => sqliteStore({ path: 'q.db', pollMs: '5' })).toThrow(TypeError)
})

test('identities tell files apart, and connections to memory', () => {
  const [path, other] = [newPath(), newPath()]
  const of = (path: string, name = 'q') => sqliteStore({ path })(name).identity
  expect(of(path)).toBe(of(path))
  expect(of(path)).not.toBe(of(other))
  expect(of(path)).not.toBe(of(path, 'r'))
  expect(of(':memory:')).not.toBe(of(':memory:'))
  const { durable, sharesLocks } = sqliteStore({ path: ':memory:' })('q')
  expect({ durable, sharesLocks }).toEqual({ durable: false, sharesLocks: true })
  expect(sqliteStore({ path })('q')).toMatchObject({ durable: true, exclusive: false, sharesLocks: false })
})

test('what another process wrote is noticed only while somebody listens, and soon', async () => {
  const path = newPath()
  const [store, other] = [sqliteStore({ path, pollMs: 1 })('q'), sqliteStore({ path })('q')]
  const { log } = await store.load()
  let hints = 0
  const unsubscribe = store.subscribe(() => {
    hints += 1
  })
  await other.commit({ log, seq: 0 }, () => draft())
  await vi.waitFor(() => expect(hints).toBe(1), { timeout: 5_000 })
  await other.leave('worker')
  await vi.waitFor(() => expect(hints).toBe(2), { timeout: 5_000 })
  unsubscribe()
  await Promise.all([store.close(), other.close()])
})

test('what another process wrote while a commit was put on the disk is noticed all the same', async () => {
  const path = newPath()
  const { promise: flushed, resolve } = Promise.withResolvers<void>()
  const driver = { ...nodeSqlite(connect(path)), flush: () => flushed }
  const [store, other] = [sqliteStore({ driver, pollMs: 200 })('q'), sqliteStore({ path })('q')]
  const { log } = await store.load()
  let hints = 0
  store.subscribe(() => {
    hints += 1
  })
  const committed = store.commit({ log, seq: 0 }, () => draft({ durability: 'strict' }))
  await other.load()
  await other.commit({ log, seq: 1 }, () => draft({ id: 'b:1' }))
  resolve()
  expect(await committed).toBe(1)
  await vi.waitFor(() => expect(hints).toBe(1), { timeout: 5_000 })
  await Promise.all([store.close(), other.close()])
})

test('a look at what others wrote that fails is made again, and fails nothing else', async () => {
  const path = newPath()
  const database = connect(path)
  let isBroken = false
  let failures = 0
  const driver = nodeSqlite({
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      if (!sql.includes('data_version')) return statement
      const all = (): unknown[] => {
        if (!isBroken) return statement.all()
        failures += 1
        throw Object.assign(new Error('disk I/O error'), { errcode: 10 })
      }
      return { all, run: () => statement.run() }
    },
  })
  const [store, other] = [sqliteStore({ driver, pollMs: 1 })('q'), sqliteStore({ path })('q')]
  const { log } = await store.load()
  let hints = 0
  store.subscribe(() => {
    hints += 1
  })
  isBroken = true
  await vi.waitFor(() => expect(failures).toBeGreaterThan(1), { timeout: 5_000 })
  expect(await store.commit({ log, seq: 0 }, () => draft())).toBe(1)
  isBroken = false
  await other.commit({ log, seq: 1 }, () => draft({ id: 'b:1' }))
  await vi.waitFor(() => expect(hints).toBeGreaterThan(0), { timeout: 5_000 })
  await Promise.all([store.close(), other.close()])
})

test('the file is closed with its last handle, and opened again for the next', async () => {
  const path = newPath()
  const factory = sqliteStore({ path })
  const [one, two] = [factory('a'), factory('b')]
  await Promise.all([one.load(), two.load()])
  await one.close()
  const { log } = await two.load()
  await two.close()
  // Whoever closes last copies the write-ahead log into the file and removes it.
  const { journal_mode: mode } = connect(path).prepare('PRAGMA journal_mode = DELETE').get() ?? {}
  expect(mode).toBe('delete')
  const again = factory('b')
  expect((await again.load()).log).toBe(log)
  await again.close()
})
