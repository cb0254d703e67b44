import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe } from 'vitest'
import { useChromium } from '../browser/support/chromium.ts'
import type { Outcomes } from './behaviour/run.ts'
import { bundled } from './cells/bundle.ts'
import { type Told, tellEach } from './cells/told.ts'
import { install } from './installed.ts'
import { type Cell, cellsOf } from './matrix.ts'

const chromium = useChromium()

let serving: Promise<Server> | undefined
afterAll(async () => {
  const server = await serving
  server?.closeAllConnections()
  server?.close()
})

/** IndexedDB needs an origin: a site with one page, and the bundle in it. */
async function serve(): Promise<Server> {
  const installed = await install()
  const script = await bundled(installed, 'page.ts', ['browser'])
  installed.remove()
  const html = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>'
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js'
    response.setHeader('content-type', `text/${isScript ? 'javascript' : 'html'}; charset=utf-8`)
    response.end(isScript ? script : html)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

declare function runCell(store: string): Promise<Outcomes>

async function told({ store }: Cell): Promise<Told> {
  serving ??= serve()
  // The address of a server that listens on a port.
  const { port } = (await serving).address() as AddressInfo
  const page = await chromium().open(`http://127.0.0.1:${port}/`)
  const outcomes = await page.evaluate((name) => runCell(name), store)
  return { version: await page.evaluate(() => navigator.userAgent), outcomes }
}

describe.each(cellsOf('page'))('$runtime, $store', (cell) => {
  tellEach(() => told(cell), /Chrome\//)
})
