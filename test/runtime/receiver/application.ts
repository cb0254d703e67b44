/** A small application behind a receiver, the same in every runtime and on every store. */
import { type Ack, type AckStore, createReceiver, RejectAck } from 'holdfast/receiver'

/** What an acknowledgement did. There is nothing unique about it: one that took effect twice is there twice. */
export interface Row {
  readonly source: string
  readonly sequence: number
  readonly job: string
}

interface Told extends Row {
  readonly kind: string
}

export interface Base<Tx, Answer> {
  readonly store: AckStore<Tx, Answer>
  insert(tx: Tx, row: Told): Answer
  /** In the order in which they took effect. */
  rows(): Promise<readonly unknown[]>
}

export const effectsSchema =
  'CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY, source TEXT, sequence INTEGER, job TEXT)'
export const insertEffect = 'INSERT INTO effects (source, sequence, job) VALUES (?, ?, ?)'
export const selectEffects = 'SELECT source, sequence, job FROM effects ORDER BY number'

/** `POST /acks` is the receiver, `GET /effects` what it did. The kind `refuse` is rejected, `broken` fails. */
export function application<Tx, Answer>({ store, insert, rows }: Base<Tx, Answer>) {
  const receive = createReceiver({ store, authenticate, onAck, maxBodyBytes: 300_000 })
  return async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    return pathname === '/effects' ? Response.json(await rows()) : receive(request)
  }

  function onAck({ source, sequence, subject, data }: Ack, tx: Tx): Answer {
    const answer = insert(tx, { source, sequence, job: subject, kind: data.kind })
    if (data.kind === 'refuse') throw new RejectAck('refused', 'Not this kind')
    if (data.kind === 'broken') throw new Error('The application is broken')
    return answer
  }
}

function authenticate(request: Request): string | null {
  return request.headers.get('authorization')
}

/** An application that keeps its effects where its marks are: in memory. */
export function inMemory(store: AckStore<undefined>): Base<undefined, void> {
  const kept: Row[] = []
  return {
    store,
    insert: (_, { kind, ...row }) => {
      // Memory undoes nothing: what is going to be thrown away must not be written.
      if (kind !== 'refuse' && kind !== 'broken') kept.push(row)
    },
    rows: async () => kept,
  }
}
