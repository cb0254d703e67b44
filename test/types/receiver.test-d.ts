import type { D1Database, D1DatabaseSession, DurableObjectStorage } from '@cloudflare/workers-types'
import { type AckStore, createReceiver } from 'holdfast/receiver'
import { d1Acks } from 'holdfast/receiver/d1'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import { expectTypeOf, test } from 'vitest'

declare const database: D1Database
declare const session: D1DatabaseSession
declare const storage: DurableObjectStorage
const authenticate = (): string => 'ada'

test('the receiver takes what Cloudflare gives, and onAck is handed it whole', () => {
  expectTypeOf(sqliteAcks(storage)).toEqualTypeOf<AckStore<DurableObjectStorage>>()
  createReceiver({
    store: sqliteAcks(storage),
    authenticate,
    onAck: (_, tx) => expectTypeOf(tx).toEqualTypeOf<DurableObjectStorage>(),
  })
  createReceiver({
    store: d1Acks(session),
    authenticate,
    onAck: (_, tx) => expectTypeOf(tx).toEqualTypeOf<D1DatabaseSession>() && undefined,
  })
})

test('onAck returns statements to D1: one, several, none, or a promise of them', () => {
  const store = d1Acks(database)
  const insert = database.prepare('INSERT INTO uploads VALUES (?)')
  createReceiver({ store, authenticate, onAck: (ack) => insert.bind(ack.subject) })
  createReceiver({ store, authenticate, onAck: (ack) => [insert.bind(ack.subject)] })
  createReceiver({ store, authenticate, onAck: async (ack) => insert.bind(ack.subject) })
  createReceiver({ store, authenticate, onAck: () => undefined })
  createReceiver({ store, authenticate, onAck: (ack) => void ack })
  createReceiver({
    store,
    authenticate,
    // @ts-expect-error what was run already is no statement
    onAck: (ack) => insert.bind(ack.subject).run(),
  })
})
