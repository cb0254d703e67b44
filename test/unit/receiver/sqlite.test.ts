import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createReceiver, RejectAck } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { authenticate, post, range, source } from './device.ts'
import { type Bench, storeTests } from './store-suite.ts'

describe('sqliteAcks, as a store of acknowledgements', () => {
  let database: DatabaseSync
  const bench: Bench<DatabaseSync, unknown> = {
    open() {
      database = opened()
      return sqliteAcks(database)
    },
    nothing: undefined,
    effects: { write: insert, written: async () => effects(database) },
  }
  for (const [name, run] of Object.entries(storeTests(bench))) test(name, run)
})

function opened(file = ':memory:'): DatabaseSync {
  const database = new DatabaseSync(file)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000')
  database.exec('CREATE TABLE IF NOT EXISTS effects (sequence INTEGER NOT NULL)')
  return database
}

function onDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-acks-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'acks.db')
}

async function inAnotherProcess(what: 'receive' | 'die', file: string): Promise<unknown> {
  const child = fork(new URL('process.ts', import.meta.url), [what, file], { execArgv: [] })
  const [status, signal] = await once(child, 'exit')
  return signal ?? status
}

function effects(database: DatabaseSync): unknown[] {
  return database
    .prepare('SELECT sequence FROM effects ORDER BY rowid')
    .all()
    .map((row) => row.sequence)
}

function mark(database: DatabaseSync): unknown {
  return database.prepare('SELECT mark FROM holdfast_sources WHERE source = ?').get(source)?.mark
}

function insert(database: DatabaseSync, sequence: number): unknown {
  return database.prepare('INSERT INTO effects VALUES (?)').run(sequence)
}

describe('a receiver on SQLite', () => {
  test('hands the database to onAck, inside the transaction that moves the mark', async () => {
    const database = opened()
    const within: unknown[] = []
    const receive = createReceiver({
      store: sqliteAcks(database),
      authenticate,
      onAck(ack, tx) {
        within.push(tx === database && tx.isTransaction)
        insert(tx, ack.sequence)
      },
    })
    expect((await receive(post(range(1, 3)))).status).toBe(200)
    expect(within).toEqual([true, true, true])
    expect([effects(database), mark(database), database.isTransaction]).toEqual([[1, 2, 3], 3, false])
  })

  test('undoes what a rejected or failing acknowledgement had written, and nothing else', async () => {
    const database = opened()
    const receive = createReceiver({
      store: sqliteAcks(database),
      authenticate,
      onAck({ sequence }, tx) {
        insert(tx, sequence)
        if (sequence === 2) throw new RejectAck('even', 'Not this one')
        if (sequence === 4) throw new Error('the disk is on fire')
      },
    })
    expect((await receive(post(range(1, 5)))).status).toBe(503)
    expect([effects(database), mark(database)]).toEqual([[1, 3], 3])
  })

  test('refuses an onAck that returns a promise, aloud, and settles nothing', async () => {
    const database = opened()
    const receive = createReceiver({
      store: sqliteAcks(database),
      authenticate,
      async onAck({ sequence }, tx) {
        insert(tx, sequence)
        await Promise.resolve()
        throw new Error('too late to matter')
      },
    })
    const refusal = receive(post(range(1, 2)))
    await expect(refusal).rejects.toBeInstanceOf(TypeError)
    await expect(refusal).rejects.toThrow('onAck returned a promise')
    expect([effects(database), mark(database), database.isTransaction]).toEqual([[], undefined, false])
  })

  test('answers 503 when the database is busy, tells of it, and settles it when sent again', async () => {
    const file = onDisk()
    const database = opened(file)
    const rival = opened(file)
    database.exec('PRAGMA busy_timeout = 0')
    const errors: unknown[] = []
    const receive = createReceiver({
      store: sqliteAcks(database),
      authenticate,
      onAck: ({ sequence }, tx) => insert(tx, sequence),
      onError: (error) => errors.push(error),
    })
    rival.exec('BEGIN IMMEDIATE')
    expect((await receive(post(range(1, 1)))).status).toBe(503)
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('locked') })])
    rival.exec('ROLLBACK')
    expect((await receive(post(range(1, 1)))).status).toBe(200)
    expect(effects(database)).toEqual([1])
  })

  test('keeps other writers out from the moment it reads the mark', async () => {
    const file = onDisk()
    const rival = opened(file)
    rival.exec('PRAGMA busy_timeout = 0')
    const receive = createReceiver({
      store: sqliteAcks(opened(file)),
      authenticate,
      onAck: () => expect(() => rival.exec('BEGIN IMMEDIATE')).toThrow('locked'),
    })
    expect((await receive(post(range(1, 1)))).status).toBe(200)
  })

  test('remembers everything over a restart', async () => {
    const file = onDisk()
    const first = opened(file)
    const onAck = ({ sequence }: { sequence: number }, tx: DatabaseSync): unknown => insert(tx, sequence)
    await createReceiver({ store: sqliteAcks(first), authenticate, onAck })(post(range(1, 3)))
    first.close()
    const second = opened(file)
    const response = await createReceiver({ store: sqliteAcks(second), authenticate, onAck })(
      post(range(2, 4)),
    )
    expect(await response.json()).toEqual({ acknowledged: 4, id: '4-job-4', rejected: [] })
    expect(effects(second)).toEqual([1, 2, 3, 4])
  })

  test('performs each effect once when two processes receive the same batches', async () => {
    const file = onDisk()
    const database = opened(file)
    const rivals = [inAnotherProcess('receive', file), inAnotherProcess('receive', file)]
    expect(await Promise.all(rivals)).toEqual([0, 0])
    expect(effects(database)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    expect(mark(database)).toBe(200)
  })

  test('keeps neither effect nor mark of a batch whose process is killed', async () => {
    const file = onDisk()
    const database = opened(file)
    expect(await inAnotherProcess('die', file)).toBe('SIGKILL')
    expect([effects(database), mark(database)]).toEqual([[1], 1])
  })

  test('says so when a row is not as it was written', async () => {
    const database = opened()
    const errors: unknown[] = []
    const receive = createReceiver({
      store: sqliteAcks(database),
      authenticate,
      onAck: () => undefined,
      onError: (error) => errors.push(String(error)),
    })
    await receive(post(range(1, 1)))
    for (const rejected of ['nonsense', '{}', '[{"sequence":0}]', '[null]']) {
      database.prepare('UPDATE holdfast_sources SET rejected = ?').run(rejected)
      expect((await receive(post(range(2, 2)))).status).toBe(503)
    }
    expect(errors).toHaveLength(4)
    expect(errors[1]).toContain('a row of holdfast_sources is not as it was written')
    expect(database.isTransaction).toBe(false)
  })
})
