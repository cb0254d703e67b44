import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { fromSource } from '../../tools/from-source.ts'
import { type TusServer, tusServer } from '../../unit/http/tus-server.ts'

/** What the API got, whole. */
export interface Written {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** A page, its service worker, an API that notes what is written to it, and a tus server: all of one origin. */
export interface DeskSite {
  readonly url: string
  readonly tus: TusServer
  readonly written: readonly Written[]
  /** The API breaks the connection instead of answering. */
  isDown: boolean
  /** How often it did. */
  refused: number
  /** The API does not answer at all: what it was asked meanwhile. */
  isStalling: boolean
  readonly stalled: IncomingMessage[]
}

const html = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>HTTP jobs under test</title>
  <script type="module" src="/desk.js"></script>
</html>
`

const scripts: Readonly<Record<string, URL>> = {
  '/desk.js': new URL('./desk.ts', import.meta.url),
  '/worker.js': new URL('./desk-worker.ts', import.meta.url),
}

const bundles = new Map<string, Promise<string>>()

/** Starts the site on a free port. Stopped when the test is over. */
export async function serveDesk(): Promise<DeskSite> {
  const written: Written[] = []
  const otherwise = (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? '/', 'http://site').pathname
    if (path.startsWith('/api/')) void write(request, response, path)
    else void read(path, response)
  }
  const tus = await tusServer({ otherwise })
  onTestFinished(() => tus.close())
  const url = new URL('/', tus.endpoint).href
  const state = { isDown: false, refused: 0, isStalling: false, stalled: [] }
  const site: DeskSite = { url, tus, written, ...state }
  return site

  async function write(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (site.isDown) {
      site.refused++
      request.socket.destroy()
      return
    }
    if (site.isStalling) {
      site.stalled.push(request)
      return
    }
    const { method = '', headers } = request
    written.push({ method, path, headers, body: await buffer(request) })
    response.writeHead(201, { 'Content-Type': 'application/json', 'X-Number': String(written.length) })
    response.end(JSON.stringify({ number: written.length }))
  }
}

async function read(path: string, response: ServerResponse): Promise<void> {
  const script = scripts[path]
  const [type, body] = script ? ['text/javascript', await bundled(path, script)] : ['text/html', html]
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body)
}

function bundled(path: string, script: URL): Promise<string> {
  const bundle = bundles.get(path) ?? bundleOf(script)
  bundles.set(path, bundle)
  return bundle
}

async function bundleOf(script: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(script)],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    plugins: [fromSource],
  })
  return outputFiles.map((file) => file.text).join('\n')
}

/** Registers a service worker; resolves once it controls the page. */
export async function control(page: Page, worker: string = '/worker.js'): Promise<void> {
  await page.evaluate(async (script) => {
    const controlled = new Promise((resolve) => {
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true })
    })
    await navigator.serviceWorker.register(script)
    if (!navigator.serviceWorker.controller) await controlled
  }, worker)
}
