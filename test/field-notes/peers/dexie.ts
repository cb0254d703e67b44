/**
 * An outbox on Dexie, as tutorials write it: a row per write, sent when the page loads, when it is online, and after
 * each put; deleted when the server has it.
 */
import { Dexie, liveQuery, type Table } from 'dexie'
import type { Write } from '../contract.ts'
import { bodyOf, offer, urlOf } from './page.ts'

interface Row {
  readonly number: number
  readonly write: Write
  readonly body: Blob | string
  readonly status: 'pending' | 'failed'
  readonly attempts: number
  readonly error?: string
}

const database = new Dexie('app')
database.version(1).stores({ outbox: '++number, status' })
const outbox: Table<Row, number, Omit<Row, 'number'>> = database.table('outbox')

async function send({ number, write, body, attempts }: Row): Promise<void> {
  const headers = { 'Idempotency-Key': write.id }
  const { ok, status } = await fetch(urlOf(write), { method: 'POST', body, headers })
  if (ok) await outbox.delete(number)
  else {
    const failed = status >= 400 && status < 500 ? { status: 'failed' as const } : {}
    await outbox.update(number, { ...failed, attempts: attempts + 1, error: `HTTP ${status}` })
  }
}

let isFlushing = false
let isPutMeanwhile = false

async function flush(): Promise<void> {
  isPutMeanwhile = true
  if (isFlushing || !navigator.onLine) return
  isFlushing = true
  try {
    while (isPutMeanwhile) {
      isPutMeanwhile = false
      for (const row of await outbox.where({ status: 'pending' }).sortBy('number')) await send(row)
    }
  } catch (error) {
    // No network: the rows stay for the next time.
    console.warn('Cannot flush the outbox', error)
  } finally {
    isFlushing = false
  }
}

let known: readonly string[] = []
const sent: string[] = []

offer({
  async open() {
    liveQuery(() => outbox.toArray()).subscribe((rows) => {
      const ids = rows.map(({ write }) => write.id)
      sent.push(...known.filter((id) => !ids.includes(id)))
      known = ids
    })
    addEventListener('online', () => void flush())
    await outbox.count()
    void flush()
  },
  async put(write) {
    await outbox.add({ write, body: bodyOf(write), status: 'pending', attempts: 0 })
    void flush()
  },
  drain: () => flush(),
  waiting: async () =>
    (await outbox.where({ status: 'pending' }).sortBy('number')).map(({ write }) => write.id),
  sent: async () => sent,
  // The button that such an outbox has beside what failed.
  async signedIn() {
    await outbox.where({ status: 'failed' }).modify({ status: 'pending' })
    await flush()
  },
  async failures() {
    const rows = await outbox.where({ status: 'failed' }).sortBy('number')
    return rows.map(({ write, error = '' }) => ({ id: write.id, reason: error }))
  },
})
