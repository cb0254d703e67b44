/** Runs the behaviour suite on one store, in whatever runtime this is, and prints what came of it as JSON. */
import process from 'node:process'
import { indexedDbStore, memoryStore, type StoreFactory } from 'holdfast'
import { bunSqlite, nodeSqlite, sqliteStore } from 'holdfast/sqlite'
import type { StoreName } from '../matrix.ts'
import { runBehaviour } from '../behaviour/run.ts'

interface Opening {
  readonly store: () => StoreFactory
  readonly reopen?: () => StoreFactory
}

/** By a name that is not written out, since each runtime has one of the modules only. */
async function load(specifier: string): Promise<object> {
  return import(specifier)
}

/** A connection of the application, with what this runtime has. */
async function connect(path: string): Promise<StoreFactory> {
  if ('Bun' in globalThis) {
    const { Database } = (await load('bun:sqlite')) as { Database: new (path: string) => never }
    return sqliteStore({ driver: bunSqlite(new Database(path)) })
  }
  const { DatabaseSync } = (await load('node:sqlite')) as { DatabaseSync: new (path: string) => never }
  return sqliteStore({ driver: nodeSqlite(new DatabaseSync(path)) })
}

const openings: Partial<Record<StoreName, (path: string) => Opening | Promise<Opening>>> = {
  'memoryStore()': () => ({ store: memoryStore }),
  'indexedDbStore() on fake-indexeddb': async (fake) => {
    await load(fake)
    return { store: indexedDbStore, reopen: indexedDbStore }
  },
  'sqliteStore({ path })': (path) => ({
    store: () => sqliteStore({ path }),
    reopen: () => sqliteStore({ path }),
  }),
  async 'sqliteStore({ driver })'(path) {
    const [first, second] = [await connect(path), await connect(path)]
    return { store: () => first, reopen: () => second }
  },
}

const [name = '', path = ''] = process.argv.slice(2)
const open = Object.hasOwn(openings, name) ? openings[name as StoreName] : undefined
if (open === undefined) throw new RangeError(`There is no store ${name} in a program`)
const outcomes = await runBehaviour(await open(path))
const { bun, deno, node } = process.versions
const version = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`
console.log(JSON.stringify({ version, outcomes }))
// What a connection or a timer would keep open is no concern of the one who waits for the answer.
process.exit()
