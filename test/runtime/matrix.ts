/**
 * Which store is tested in which runtime, by the whole behaviour suite. The README's table is compared with this, and the
 * tests of the runtimes are made from it.
 */

/** How a runtime's cells are run: as a program, within workerd, in a page; or by test/engines, from the source. */
export type Host = 'program' | 'workerd' | 'page' | 'engine'

/** The columns of the table. */
export type RuntimeName =
  | 'Node 22'
  | 'Node 24'
  | 'Deno'
  | 'Bun'
  | 'Worker'
  | 'Durable Object'
  | 'Chromium'
  | 'Firefox'
  | 'WebKit'

const runtimes: Readonly<Record<RuntimeName, Host>> = {
  'Node 22': 'program',
  'Node 24': 'program',
  Deno: 'program',
  Bun: 'program',
  Worker: 'workerd',
  'Durable Object': 'workerd',
  Chromium: 'page',
  Firefox: 'engine',
  WebKit: 'engine',
}

/** The rows of the table. */
export type StoreName =
  | 'memoryStore()'
  | 'indexedDbStore()'
  | 'indexedDbStore() on fake-indexeddb'
  | 'sqliteStore({ path })'
  | 'sqliteStore({ driver })'
  | 'durableObjectStore(storage)'

/** In which columns a row has a cell. Elsewhere the platform has no such storage. */
const stores: Readonly<Record<StoreName, readonly RuntimeName[]>> = {
  'memoryStore()': [
    'Node 22',
    'Node 24',
    'Deno',
    'Bun',
    'Worker',
    'Durable Object',
    'Chromium',
    'Firefox',
    'WebKit',
  ],
  'indexedDbStore()': ['Chromium', 'Firefox', 'WebKit'],
  // In Node 22 it makes Blobs of Files.
  'indexedDbStore() on fake-indexeddb': ['Node 24'],
  'sqliteStore({ path })': ['Node 22', 'Node 24', 'Deno', 'Bun'],
  'sqliteStore({ driver })': ['Node 22', 'Node 24', 'Deno', 'Bun', 'Durable Object'],
  'durableObjectStore(storage)': ['Durable Object'],
}

export interface Cell {
  readonly store: StoreName
  readonly runtime: RuntimeName
}

export const runtimeNames: readonly RuntimeName[] = Object.keys(runtimes).filter(
  (name): name is RuntimeName => name in runtimes,
)
export const storeNames: readonly StoreName[] = Object.keys(stores).filter(
  (name): name is StoreName => name in stores,
)

export function isTested({ store, runtime }: Cell): boolean {
  return stores[store].includes(runtime)
}

/** The cells of the runtimes that are hosted in one way. */
export function cellsOf(host: Host): Cell[] {
  const cells = runtimeNames.flatMap((runtime) => storeNames.map((store) => ({ store, runtime })))
  return cells.filter((cell) => runtimes[cell.runtime] === host && isTested(cell))
}
