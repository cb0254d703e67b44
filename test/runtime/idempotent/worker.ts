/** Runs the suite in workerd: on a Durable Object's storage, and on D1. Tells how it went. */
import type { D1Database } from 'holdfast/idempotent/d1'
import type { DurableObjectStorage } from 'holdfast/idempotent/sqlite'
import { d1Peer, memoryPeer, sqlitePeer } from '../../unit/idempotent/peers.ts'
import { cases, outcomesOf, type Peer } from '../../unit/idempotent/suite.ts'

export class Orders {
  readonly #storage: DurableObjectStorage

  constructor(ctx: { readonly storage: DurableObjectStorage }) {
    this.#storage = ctx.storage
  }

  async fetch(): Promise<Response> {
    return Response.json(await outcomesOf(() => objectPeer(this.#storage)))
  }
}

function objectPeer(storage: DurableObjectStorage): Peer {
  for (const table of ['effects', 'holdfast_responses']) storage.sql.exec(`DROP TABLE IF EXISTS ${table}`)
  return sqlitePeer(storage, (tx, sql, ...values) => tx.sql.exec(sql, ...values).toArray())
}

interface Env {
  readonly ORDERS: { getByName(name: string): { fetch(request: Request): Promise<Response> } }
  /** One database for each case: `DB0`, `DB1`, … */
  readonly [database: `DB${number}`]: D1Database
}

// A Worker is a module with a default export.
// biome-ignore lint/style/noDefaultExport: see above
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/object') return env.ORDERS.getByName('one').fetch(request)
    if (pathname === '/memory') return Response.json(await outcomesOf(memoryPeer))
    let next = 0
    return Response.json(
      await outcomesOf(() => {
        const database = env[`DB${next++}`]
        if (database === undefined) throw new Error(`There are ${Object.keys(cases).length} cases`)
        return d1Peer(database)
      }),
    )
  },
}
