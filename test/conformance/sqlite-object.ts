/** A Durable Object that runs the conformance suite on its own storage, and tells how it went. */
import { type DurableObjectStorage, durableObjectSqlite, sqliteStore } from 'holdfast/sqlite'
import { storeConformance } from '../../src/testing/conformance.ts'

/** What became of one test: `null` is well. */
export type Outcomes = Readonly<Record<string, string | null>>

export class Conformance {
  readonly #storage: DurableObjectStorage

  constructor(ctx: { readonly storage: DurableObjectStorage }) {
    this.#storage = ctx.storage
  }

  async fetch(): Promise<Response> {
    const tests = new Map<string, () => Promise<void>>()
    const factory = () => sqliteStore({ driver: durableObjectSqlite(this.#storage) })
    storeConformance({ test: (name, run) => tests.set(name, run), factory, reopen: factory })
    const outcomes: Record<string, string | null> = {}
    for (const [name, run] of tests) {
      outcomes[name] = await run().then(
        () => null,
        (error: unknown) => (error instanceof Error ? `${error.stack}` : String(error)),
      )
    }
    return Response.json(outcomes)
  }
}

interface Env {
  readonly CONFORMANCE: { getByName(name: string): { fetch(request: Request): Promise<Response> } }
}

// A Worker is a module with a default export.
// biome-ignore lint/style/noDefaultExport: see above
export default {
  fetch: (request: Request, env: Env): Promise<Response> => env.CONFORMANCE.getByName('one').fetch(request),
}
