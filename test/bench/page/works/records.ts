import { resultOf } from '../raw.ts'

/** What the records of one queue weigh: their texts as UTF-8, without what the engine adds to each. */
export interface Records {
  /** How many entries the log holds, and how many events these. */
  readonly entries: number
  readonly events: number
  /** Events of the entry that has most of them. */
  readonly largest: number
  readonly logBytes: number
  /** Pages, payloads and byes. */
  readonly otherBytes: number
}

/** Reads every record of a queue in IndexedDB, once its checkpoint is no longer being written. */
export async function recordsOf(name: string): Promise<Records> {
  const database = await resultOf(indexedDB.open(`holdfast:${name}`))
  try {
    return await untilSteady(() => readAll(database), 5_000)
  } finally {
    database.close()
  }
}

/** What the origin uses, once two readings agree: the engine tidies up behind a deletion. */
export function usage(): Promise<number> {
  return untilSteady(async () => (await navigator.storage.estimate()).usage ?? 0, 20_000)
}

async function readAll(database: IDBDatabase): Promise<Records> {
  const transaction = database.transaction(['log', 'pages', 'payloads', 'byes'])
  const [log = [], ...others] = await Promise.all(
    ['log', 'pages', 'payloads', 'byes'].map((store) =>
      resultOf<unknown[]>(transaction.objectStore(store).getAll()),
    ),
  )
  const events = log.map(eventsIn)
  return {
    entries: log.length,
    events: events.reduce((sum, count) => sum + count, 0),
    largest: events.reduce((most, count) => Math.max(most, count), 0),
    logBytes: bytesOf(log),
    otherBytes: others.reduce((sum, records) => sum + bytesOf(records), 0),
  }
}

function eventsIn(entry: unknown): number {
  const body: unknown =
    typeof entry === 'object' && entry !== null && 'body' in entry ? entry.body : undefined
  const parsed: unknown = JSON.parse(String(body))
  const events: unknown =
    typeof parsed === 'object' && parsed !== null && 'events' in parsed ? parsed.events : undefined
  if (!Array.isArray(events)) throw new Error('an entry of the log has no events')
  return events.length
}

const encoder = new TextEncoder()

function bytesOf(records: readonly unknown[]): number {
  return records.reduce<number>((sum, record) => sum + bytesIn(record), 0)
}

function bytesIn(value: unknown): number {
  if (typeof value === 'string') return encoder.encode(value).byteLength
  if (typeof value !== 'object' || value === null) return 8
  return Object.values(value).reduce<number>((sum, each) => sum + bytesIn(each), 0)
}

async function untilSteady<T>(read: () => Promise<T>, patienceMs: number): Promise<T> {
  const end = performance.now() + patienceMs
  for (let before = await read(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    const now = await read()
    if (JSON.stringify(now) === JSON.stringify(before) || performance.now() > end) return now
    before = now
  }
}
