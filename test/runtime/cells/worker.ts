/** Runs the behaviour suite in workerd, in a plain Worker or in a Durable Object, on the store that is asked for. */
import { memoryStore, type StoreFactory } from 'holdfast'
import { type DurableObjectStorage, durableObjectStore } from 'holdfast/cloudflare'
import { durableObjectSqlite, sqliteStore } from 'holdfast/sqlite'
import { runBehaviour } from '../behaviour/run.ts'
import type { StoreName } from '../matrix.ts'

interface Opening {
  readonly store: () => StoreFactory
  readonly reopen?: () => StoreFactory
}

const inObject: Partial<Record<StoreName, (storage: DurableObjectStorage) => Opening>> = {
  'memoryStore()': () => ({ store: memoryStore }),
  'sqliteStore({ driver })'(storage) {
    const store = () => sqliteStore({ driver: durableObjectSqlite(storage) })
    return { store, reopen: store }
  },
  'durableObjectStore(storage)'(storage) {
    const store = () => durableObjectStore(storage)
    return { store, reopen: store }
  },
}

async function answer(opening: Opening | undefined, name: string): Promise<Response> {
  if (opening === undefined) return new Response(`There is no store ${name} here`, { status: 404 })
  return Response.json({ version: navigator.userAgent, outcomes: await runBehaviour(opening) })
}

function nameIn({ url }: Request): string {
  return new URL(url).searchParams.get('store') ?? ''
}

export class Cell {
  readonly #storage: DurableObjectStorage

  constructor(ctx: { readonly storage: DurableObjectStorage }) {
    this.#storage = ctx.storage
  }

  fetch(request: Request): Promise<Response> {
    const name = nameIn(request)
    const open = Object.hasOwn(inObject, name) ? inObject[name as StoreName] : undefined
    return answer(open?.(this.#storage), name)
  }
}

interface Env {
  readonly CELL: { getByName(name: string): { fetch(request: Request): Promise<Response> } }
}

const worker = {
  fetch(request: Request, env: Env): Promise<Response> {
    const name = nameIn(request)
    if (new URL(request.url).pathname === '/object') return env.CELL.getByName(name).fetch(request)
    return answer(name === 'memoryStore()' ? { store: memoryStore } : undefined, name)
  },
}

// biome-ignore lint/style/noDefaultExport: a Worker is what its module exports by default
export default worker
