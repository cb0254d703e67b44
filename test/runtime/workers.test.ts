import { Miniflare } from 'miniflare'
import { afterAll, describe } from 'vitest'
import { bundled } from './cells/bundle.ts'
import { type Told, tellEach } from './cells/told.ts'
import { install } from './installed.ts'
import { type Cell, cellsOf } from './matrix.ts'

let starting: Promise<Miniflare> | undefined
afterAll(async () => {
  await (await starting)?.dispose()
})

async function start(): Promise<Miniflare> {
  const installed = await install()
  const contents = await bundled(installed, 'worker.ts', ['workerd', 'worker', 'browser'])
  installed.remove()
  const runtime = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.js', contents }],
    compatibilityDate: '2026-07-01',
    durableObjects: { CELL: { className: 'Cell', useSQLite: true } },
  })
  await runtime.ready
  return runtime
}

async function told({ store, runtime }: Cell): Promise<Told> {
  starting ??= start()
  const place = runtime === 'Durable Object' ? 'object' : 'worker'
  const query = new URLSearchParams({ store })
  const answer = await (await starting).dispatchFetch(`https://worker.example/${place}?${query}`)
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`The ${runtime} answered ${answer.status}: ${text}`)
  // What cells/worker.ts answers with.
  return JSON.parse(text) as Told
}

describe.each(cellsOf('workerd'))('$runtime, $store', (cell) => {
  tellEach(() => told(cell), /^Cloudflare-Workers$/)
})
