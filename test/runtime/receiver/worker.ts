/** The same server in workerd: on D1, in a Durable Object, and in a Worker's memory. And the suite of stores, there. */
import { memoryAcks } from 'holdfast/receiver'
import { type D1Database, type D1Statement, d1Acks } from 'holdfast/receiver/d1'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import type { DurableObjectStorage } from 'holdfast/sqlite'
import { type Bench, storeTests } from '../../unit/receiver/store-suite.ts'
import { application, effectsSchema, inMemory, insertEffect, selectEffects } from './application.ts'

/** What became of one test: `null` is well. */
export type Outcomes = Readonly<Record<string, string | null>>

interface Env {
  readonly DB: D1Database
  readonly SUITE: D1Database
  readonly RECEIVER: { getByName(name: string): { fetch(request: Request): Promise<Response> } }
}

async function outcomesOf<Tx, Answer>(bench: Bench<Tx, Answer>): Promise<Response> {
  const outcomes: Record<string, string | null> = {}
  for (const [name, run] of Object.entries(storeTests(bench))) {
    outcomes[name] = await run().then(
      () => null,
      (error: unknown) => (error instanceof Error ? `${error.stack}` : String(error)),
    )
  }
  return Response.json(outcomes)
}

function objectBench(storage: DurableObjectStorage): Bench<DurableObjectStorage, unknown> {
  return {
    open() {
      for (const table of ['holdfast_sources', 'effects']) storage.sql.exec(`DROP TABLE IF EXISTS ${table}`)
      storage.sql.exec(effectsSchema)
      return sqliteAcks(storage)
    },
    nothing: undefined,
    effects: {
      write: (tx, number) => tx.sql.exec(insertEffect, '', number, ''),
      written: async () => storage.sql.exec(selectEffects).toArray().map(sequenceOf),
    },
  }
}

function d1Bench(database: D1Database): Bench<D1Database, D1Statement | undefined> {
  return {
    async open() {
      const drops = ['holdfast_sources', 'effects'].map((name) => `DROP TABLE IF EXISTS ${name}`)
      await database.batch([...drops, effectsSchema].map((sql) => database.prepare(sql)))
      return d1Acks(database)
    },
    nothing: undefined,
    effects: {
      write: (tx, number) => tx.prepare(insertEffect).bind('', number, ''),
      written: async () => (await database.prepare(selectEffects).all()).results.map(sequenceOf),
    },
  }
}

function sequenceOf(row: unknown): unknown {
  return Reflect.get(Object(row), 'sequence')
}

export class ReceiverObject {
  readonly #storage: DurableObjectStorage
  readonly #handler: (request: Request) => Promise<Response>

  constructor(ctx: { readonly storage: DurableObjectStorage }) {
    const { storage } = ctx
    storage.sql.exec(effectsSchema)
    this.#storage = storage
    this.#handler = application({
      store: sqliteAcks(storage),
      insert: (tx, { source, sequence, job }) => tx.sql.exec(insertEffect, source, sequence, job),
      rows: async () => storage.sql.exec(selectEffects).toArray(),
    })
  }

  fetch(request: Request): Promise<Response> {
    return request.url.endsWith('/suite') ? outcomesOf(objectBench(this.#storage)) : this.#handler(request)
  }
}

async function onD1(database: D1Database, request: Request): Promise<Response> {
  await database.prepare(effectsSchema).all()
  const insert = database.prepare(insertEffect)
  return application({
    store: d1Acks(database),
    insert: (_, { source, sequence, job }) => insert.bind(source, sequence, job),
    rows: async () => (await database.prepare(selectEffects).all()).results,
  })(request)
}

const memory = application(inMemory(memoryAcks()))

// A Worker is a module with a default export.
// biome-ignore lint/style/noDefaultExport: see above
export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url)
    const [, where = '', what = ''] = url.pathname.split('/')
    url.pathname = `/${what}`
    const inner = new Request(url, request)
    if (where === 'object') return env.RECEIVER.getByName(what === 'suite' ? 'suite' : 'one').fetch(inner)
    if (where === 'memory') return memory(inner)
    return what === 'suite' ? outcomesOf(d1Bench(env.SUITE)) : onD1(env.DB, inner)
  },
}
