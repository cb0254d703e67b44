import type { Draft, Entry, Missed, Page, Position, Snapshot } from '../contract.ts'
import { corruptStore, logBehind, logReplaced } from '../failures.ts'
import { randomId } from '../random-id.ts'
import { textChunks } from './chunks.ts'
import { type Connection, numberIn, type Row, textIn } from './connection.ts'
import { queueTables } from './schema.ts'

/** Which queue of a file, and how errors name it. */
export interface Target {
  readonly queueName: string
  readonly identity: string
}

/** A queue's own row, and where its log ends: read anew in every transaction. */
export interface Head {
  /** What the queue is called in the other tables. */
  readonly queue: number
  readonly log: string
  readonly mark: number
  /** Up to where the log was dropped. */
  readonly floor: number
  readonly head: number
}

export function headOf({ all }: Connection, { queueName, identity }: Target): Head | undefined {
  const [row] = all(
    `SELECT id, log, mark,
        coalesce((SELECT min(seq) - 1 FROM holdfast_entries WHERE queue = queues.id), mark) AS floor,
        coalesce((SELECT max(seq) FROM holdfast_entries WHERE queue = queues.id), mark) AS head
      FROM holdfast_queues AS queues WHERE name = ?`,
    queueName,
  )
  if (row === undefined) return undefined
  return {
    queue: numberIn(row, 'id', identity),
    log: textIn(row, 'log', identity),
    mark: numberIn(row, 'mark', identity),
    floor: numberIn(row, 'floor', identity),
    head: numberIn(row, 'head', identity),
  }
}

/** The queue's log, made if there is none. In a write transaction. */
export function createHead(connection: Connection, target: Target): Head {
  const found = headOf(connection, target)
  if (found) return found
  connection.run(
    'INSERT INTO holdfast_queues (name, log, mark) VALUES (?, ?, 0)',
    target.queueName,
    randomId(),
  )
  const made = headOf(connection, target)
  if (made === undefined) throw corruptStore(target.identity, 'its log cannot be made')
  return made
}

/** @throws QueueError `log-replaced` unless the position is one of the log there is. */
export function headAt(connection: Connection, after: Position, target: Target): Head {
  const head = headOf(connection, target)
  if (head === undefined || head.log !== after.log || head.head < after.seq)
    throw logReplaced(target.identity)
  return head
}

export function snapshotOf(
  connection: Connection,
  { queue, log, mark, head }: Head,
  target: Target,
): Snapshot {
  const pages = connection.all('SELECT id, body FROM holdfast_pages WHERE queue = ? ORDER BY id, part', queue)
  return {
    log,
    mark,
    pages: pagesOf(pages, target.identity),
    entries: entriesOf(connection, queue, mark, head, target.identity),
    byes: byesOf(connection, queue, target.identity),
  }
}

/** What was appended after `after`, up to the head. @throws QueueError `log-behind` */
export function missedSince(connection: Connection, head: Head, after: number, identity: string): Missed {
  if (after < head.floor) throw logBehind(identity, after, head.floor)
  const entries = entriesOf(connection, head.queue, after, head.head, identity)
  return { entries, byes: byesOf(connection, head.queue, identity) }
}

/** Adds an entry and forgets byes; payloads are put beside it by the caller. */
export function addEntry({ run }: Connection, { queue, head }: Head, draft: Draft): number {
  const seq = head + 1
  for (const [part, body] of textChunks(draft.body).entries()) {
    run('INSERT INTO holdfast_entries VALUES (?, ?, ?, ?, ?)', queue, seq, part, draft.id, body)
  }
  for (const worker of draft.forget ?? []) {
    run('DELETE FROM holdfast_byes WHERE queue = ? AND worker = ?', queue, worker)
  }
  return seq
}

export function addBye({ run }: Connection, { queue }: Head, worker: string): void {
  run('INSERT OR IGNORE INTO holdfast_byes VALUES (?, ?)', queue, worker)
}

/** Replaces pages, moves the mark, and drops the log up to the floor, or to the mark where that is lower. */
export function truncate(
  { run }: Connection,
  queue: number,
  { mark, floor }: { readonly mark: number; readonly floor: number },
  pages: readonly Page[],
): void {
  for (const { id, body } of pages) {
    run('DELETE FROM holdfast_pages WHERE queue = ? AND id = ?', queue, id)
    if (body === '') continue
    for (const [part, chunk] of textChunks(body).entries()) {
      run('INSERT INTO holdfast_pages VALUES (?, ?, ?, ?)', queue, id, part, chunk)
    }
  }
  run('UPDATE holdfast_queues SET mark = ? WHERE id = ?', mark, queue)
  run('DELETE FROM holdfast_entries WHERE queue = ? AND seq <= ?', queue, Math.min(mark, floor))
}

/** Everything of one queue. */
export function erase(connection: Connection, target: Target): void {
  const head = headOf(connection, target)
  if (head === undefined) return
  for (const table of queueTables) connection.run(`DELETE FROM holdfast_${table} WHERE queue = ?`, head.queue)
  connection.run('DELETE FROM holdfast_queues WHERE id = ?', head.queue)
}

function entriesOf(
  { all }: Connection,
  queue: number,
  after: number,
  head: number,
  identity: string,
): Entry[] {
  if (after === head) return []
  const rows = all(
    'SELECT seq, id, body FROM holdfast_entries WHERE queue = ? AND seq > ? ORDER BY seq, part',
    queue,
    after,
  )
  const entries: Entry[] = []
  for (const row of rows) {
    const [seq, body] = [numberIn(row, 'seq', identity), textIn(row, 'body', identity)]
    const last = entries.at(-1)
    if (last?.seq === seq) {
      entries[entries.length - 1] = { ...last, body: last.body + body }
      continue
    }
    if (seq !== after + 1 + entries.length) throw corruptStore(identity, `an entry before ${seq} is missing`)
    entries.push({ seq, id: textIn(row, 'id', identity), body })
  }
  return entries
}

function pagesOf(rows: readonly Row[], identity: string): Page[] {
  const bodies = new Map<string, string>()
  for (const row of rows) {
    const id = textIn(row, 'id', identity)
    bodies.set(id, (bodies.get(id) ?? '') + textIn(row, 'body', identity))
  }
  return [...bodies].map(([id, body]) => ({ id, body }))
}

function byesOf({ all }: Connection, queue: number, identity: string): string[] {
  const rows = all('SELECT worker FROM holdfast_byes WHERE queue = ?', queue)
  return rows.map((row) => textIn(row, 'worker', identity))
}
