import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createQueue, FatalError } from 'holdfast'
import { sqliteStore } from 'holdfast/sqlite'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const [, queries = ''] = /```sql\n([\s\S]*?)```/.exec(read('README.md')) ?? []

test("the README's questions are those of the store's own documentation", () => {
  const [, documented = ''] = /```sql\n([\s\S]*?) \* ```/.exec(read('src/store/sqlite.ts')) ?? []
  expect(queries).toBe(documented.replaceAll(/^ \* /gm, ''))
})

test("the README's questions are answered from a queue's file", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sql-'))
  const path = join(folder, 'jobs.db')
  const print = (no: number): void => {
    if (no === 2) throw new FatalError('Cannot print: there is no page 2')
  }
  // SQLite's clock has whole seconds: only what waits for longer is surely due.
  const clock = {
    now: () => Date.now() - 5_000,
    monotonic: () => performance.now(),
    setTimer: (callback: () => void, ms: number) => {
      const timer = setTimeout(callback, ms)
      return () => clearTimeout(timer)
    },
  }
  const queue = createQueue({ name: 'bills', store: sqliteStore({ path }), clock, handlers: { print } })
  const { id } = await queue.enqueue('print', 2)
  await queue.drain()
  await queue.enqueue('print', 3)
  await queue.close()

  const database = new DatabaseSync(path)
  const answers = queries
    .split(';')
    .filter((query) => query.includes('SELECT'))
    .map((query) => database.prepare(query).all())
  database.close()
  rmSync(folder, { recursive: true })
  const job = { queue: 'bills', kind: 'print' }
  expect(answers).toMatchObject([
    [
      { ...job, state: 'dead', jobs: 1 },
      { ...job, state: 'pending', jobs: 1 },
    ],
    [{ ...job, due: 1, oldest_seconds: expect.toSatisfy((seconds) => seconds >= 4 && seconds < 600) }],
    [{ ...job, id, reason: 'fatal', error: 'Cannot print: there is no page 2' }],
  ])
})
