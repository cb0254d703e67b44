import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bring } from './cells/bundle.ts'
import { type Told, tellEach } from './cells/told.ts'
import { type Installed, install } from './installed.ts'
import { type Cell, cellsOf, type RuntimeName } from './matrix.ts'

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
const fake = pathToFileURL(join(modules, 'fake-indexeddb/auto/index.mjs')).href

/** How each is called, and what it says that it is. */
const commands: Partial<Record<RuntimeName, { command: string; options: string[]; version: RegExp }>> = {
  'Node 22': { command: join(modules, 'node-22/bin/node'), options: [], version: /^Node 22\./ },
  'Node 24': { command: join(modules, 'node/bin/node'), options: [], version: /^Node 24\./ },
  Deno: { command: 'deno', options: ['run', '--allow-all', '--no-lock'], version: /^Deno 2\./ },
  Bun: { command: 'bun', options: [], version: /^Bun 1\./ },
}

let installed: Installed
beforeAll(async () => {
  installed = await install()
  bring(installed)
})
afterAll(() => installed?.remove())

const cells = cellsOf('program')

describe.each(cells)('$runtime, $store', (cell) => {
  const { version = /^$/ } = { ...commands[cell.runtime] }
  tellEach(() => told(cell), version)
})

async function told({ store, runtime }: Cell): Promise<Told> {
  const { command, options } = { ...commands[runtime] }
  if (command === undefined || options === undefined) throw new Error(`Nothing is known of ${runtime}`)
  const at = store.includes('fake')
    ? fake
    : join(installed.folder, `${cells.findIndex(is(store, runtime))}.db`)
  // What cells/program.ts prints.
  return JSON.parse(await installed.run(command, ...options, 'cells/program.ts', store, at)) as Told
}

const is = (store: string, runtime: string) => (cell: Cell) =>
  cell.store === store && cell.runtime === runtime

test('the toolchain runs in Node 24: after an npm install that changed it, run npm ci', async () => {
  expect(await installed.run('node', '--version')).toMatch(/^v24\./)
})
