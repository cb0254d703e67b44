import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createQueue, FatalError, type JobView, RetryError, snooze } from 'holdfast'
import { sqliteStore } from 'holdfast/sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { FORMAT } from '../../src/machine/events.ts'
import { platformKey } from '../../src/queue/platform.ts'

/** What an operator sees in the shell, and what the queue itself says, side by side. */
const folder = mkdtempSync(join(tmpdir(), 'holdfast-views-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const depth = `SELECT queue, kind, state, count(*) AS jobs FROM holdfast_jobs GROUP BY queue, kind, state`
const oldest = `SELECT queue, kind, count(*) AS due, (unixepoch() * 1000 - min(available_at)) / 1000 AS oldest_seconds
  FROM holdfast_jobs WHERE state = 'pending' AND available_at <= unixepoch() * 1000 + 1000 GROUP BY queue, kind`
const dead = `SELECT queue, kind, id, reason, error FROM holdfast_jobs WHERE state = 'dead' ORDER BY enqueued_at`

function open(name: string, checkpointEvents: number) {
  const path = join(folder, `${name}.db`)
  const shell = new DatabaseSync(path)
  const queue = createQueue({
    name,
    store: sqliteStore({ path }),
    [platformKey]: {
      ...{ locks: undefined, isHidden: () => false, checkpointEvents },
      mint: () => Math.random().toString(36).slice(2),
    },
    handlers: {
      work: async (todo: string) => {
        if (todo === 'fail') throw new RetryError('Not today', { afterMs: 3_600_000 })
        if (todo === 'die') throw new FatalError('Cannot: it is no good')
        if (todo === 'snooze') return snooze(3_600_000)
        return todo
      },
      other: async (_: { text: string }) => null,
    },
  })
  const ask = (sql: string): unknown[] =>
    shell
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  return { queue, ask, close: () => queue.close().then(() => shell.close()) }
}

type Opened = ReturnType<typeof open>

async function fill({ queue }: Opened): Promise<void> {
  const todos = ['fine', 'fail', 'die', 'snooze', 'fine']
  const items = Array.from({ length: 40 }, (_, index) => ({
    kind: 'work' as const,
    payload: todos[index % todos.length] ?? '',
    ...(index % 3 === 0 && { key: `k${index % 6}` }),
  }))
  await queue.enqueueAll(items)
  await queue.drain()
  const { jobs } = await queue.deadLetters()
  const [first, second, third] = jobs.map(({ id }) => id)
  await queue.redrive(first ?? '')
  await queue.remove(second ?? '')
  await queue.edit(third ?? '', 'fine')
  await queue.enqueue('work', 'late', { delayMs: 60_000, dedupeKey: 'd', onDuplicate: 'debounce' })
  await queue.enqueue('work', 'later', { delayMs: 90_000, dedupeKey: 'd', onDuplicate: 'debounce' })
  const { id } = await queue.enqueue('work', 'never', { delayMs: 60_000 })
  await queue.cancel(id)
  await queue.enqueue('other', { text: 'x'.repeat(3_000) })
  // So many checkpoints on, the log has forgotten all of that.
  for (let n = 0; n < 400; n++) await queue.enqueue('other', { text: '' })
}

/** The first entry that the log still has. */
function firstSeq({ ask }: Opened): number {
  return Number(Object(ask('SELECT min(seq) AS first FROM holdfast_entries')[0]).first)
}

/** What the view is to show of a job. */
const rowOf = (name: string) => (job: JobView) => ({
  ...{ queue: name, owner: '', kind: job.kind, id: job.id, key: job.key ?? null, state: job.state },
  ...{ enqueued_at: job.enqueuedAt, available_at: job.availableAt, reason: job.reason ?? null },
  error: job.failures.at(-1)?.message ?? null,
})

/** By id, and without what a job that waits no more once waited for. */
function waitsOnly(rows: readonly unknown[]): unknown[] {
  return rows
    .map((row) => ({ ...(row as ReturnType<ReturnType<typeof rowOf>>) }))
    .map((row) => (row.state === 'pending' ? row : { ...row, available_at: undefined }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

describe.each([
  ['a log without a checkpoint', 1_000_000],
  ['a checkpoint and a log after it', 60],
  ['a checkpoint after as good as every entry', 1],
])('of %s', (title, checkpointEvents) => {
  test('the view of jobs shows what the queue itself says of them', async () => {
    const name = title.replaceAll(' ', '-')
    const opened = open(name, checkpointEvents)
    await fill(opened)
    const { jobs } = await opened.queue.list({ limit: 1_000 })
    expect(waitsOnly(opened.ask('SELECT * FROM holdfast_jobs'))).toEqual(waitsOnly(jobs.map(rowOf(name))))
    expect(firstSeq(opened) > 1).toBe(checkpointEvents < 1_000)
    await opened.close()
  })
})

test('the views know this format of the log: look at them with the next', () => {
  expect(FORMAT).toBe(1)
})

test('the three queries of the operator answer', async () => {
  const opened = open('asked', 60)
  await fill(opened)
  const { jobs } = await opened.queue.list({ limit: 1_000 })
  const of = (kind: string, state: string) =>
    jobs.filter((job) => job.kind === kind && job.state === state).length
  expect(opened.ask(depth)).toEqual(
    [
      ['other', 'pending'],
      ...['cancelled', 'completed', 'dead', 'pending'].map((state) => ['work', state]),
    ].map(([kind = '', state = '']) => ({ queue: 'asked', kind, state, jobs: of(kind, state) })),
  )
  const due = opened.ask(oldest)
  expect(due).toContainEqual({
    queue: 'asked',
    kind: 'other',
    due: of('other', 'pending'),
    oldest_seconds: expect.any(Number),
  })
  expect(opened.ask(dead)).toHaveLength(of('work', 'dead'))
  expect(opened.ask(dead)[0]).toMatchObject({ reason: 'fatal', error: 'Cannot: it is no good' })
  await opened.close()
})

test('jobs of an owner that was erased are not shown', async () => {
  const path = join(folder, 'owners.db')
  const [ada, bob] = ['ada', 'bob'].map((owner) =>
    createQueue({ name: 'q', owner, store: sqliteStore({ path }), handlers: { work: async () => null } }),
  )
  await ada?.enqueue('work', undefined)
  await bob?.enqueue('work', undefined)
  await ada?.destroy({ force: true })
  const shell = new DatabaseSync(path)
  expect(
    shell
      .prepare('SELECT owner, state FROM holdfast_jobs')
      .all()
      .map((row) => ({ ...row })),
  ).toEqual([{ owner: 'bob', state: 'pending' }])
  shell.close()
  await bob?.close()
})
