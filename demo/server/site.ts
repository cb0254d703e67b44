import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { problem, type Reply, send } from './reply.ts'

const html = new URL('../page/index.html', import.meta.url)
const script = new URL('../page/main.ts', import.meta.url)
const styles = new URL('../page/styles.css', import.meta.url)

/** Serves the page, bundled once at the start. */
export async function createSite(apiUrl: string): Promise<RequestListener> {
  const files = new Map<string, Reply>([['/', await indexOf(apiUrl)], ...(await bundle())])
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    send(response, files.get(pathname) ?? problem(404, 'There is no such page'))
    request.resume()
  }
}

async function indexOf(apiUrl: string): Promise<Reply> {
  const text = await readFile(html, 'utf8')
  const policy = [
    "default-src 'self'",
    `connect-src 'self' ${apiUrl}`,
    `img-src 'self' blob: data: ${apiUrl}`,
    "base-uri 'none'",
    "object-src 'none'",
  ]
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-cache',
  }
  return { status: 200, headers, body: text.replace('{api}', apiUrl) }
}

async function bundle(): Promise<[string, Reply][]> {
  const { outputFiles } = await build({
    entryPoints: [script, styles].map((url) => fileURLToPath(url)),
    outdir: '/',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'inline',
    logLevel: 'warning',
    write: false,
  })
  return outputFiles.map(({ path, contents }) => {
    const type = path.endsWith('.css') ? 'text/css' : 'text/javascript'
    const headers = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache' }
    return [path, { status: 200, headers, body: contents }]
  })
}
