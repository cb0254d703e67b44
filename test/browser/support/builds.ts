import type { Page } from 'playwright-core'
import { type Ahead, bundleApp } from './bundle.ts'
import type { Loopback } from '../../tools/loopback.ts'
import { serve } from './server.ts'

/**
 * A site of which a newer version was published while tabs were open: at `/` the page of the older build, at `/newer` that
 * of the newer one, which its service worker is of, too. Without `ahead` both are the same build.
 */
export async function serveBuilds(ahead?: Ahead): Promise<Loopback> {
  const page = (script: string): string =>
    `<!doctype html><html lang="en"><meta charset="utf-8" /><title>Two builds</title>
    <script type="module" src="${script}"></script></html>`
  const answers = new Map([
    ['/app.js', await bundleApp()],
    ['/newer.js', await bundleApp(ahead)],
    ['/worker.js', worker],
    ['/newer', page('/newer.js')],
  ])
  return serve((request, response) => {
    const path = request.url ?? '/'
    const type = path.endsWith('.js') ? 'text/javascript' : 'text/html'
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' })
    response.end(answers.get(path) ?? page('/app.js'))
  })
}

/** Does what it is told, as pages do: the function comes as text. */
const worker = `
import '/newer.js'
addEventListener('message', (event) => {
  const [port] = event.ports
  const done = new Promise((resolve) => resolve(new Function('return ' + event.data)())).then(
    (value) => port.postMessage({ value }),
    (error) => port.postMessage({ error: String(error) }),
  )
  event.waitUntil(done)
})
`

/** Runs a function in the service worker of a tab's site, which is registered if there is none. */
export function inWorker<T, Given>(
  tab: Page,
  work: (given: Given) => T | Promise<T>,
  given: Given,
): Promise<T> {
  const source = `(${String(work)})(${JSON.stringify(given) ?? 'undefined'})`
  return tab.evaluate(async (order) => {
    await navigator.serviceWorker.register('/worker.js', { type: 'module' })
    const { active } = await navigator.serviceWorker.ready
    const { port1, port2 } = new MessageChannel()
    const answer = new Promise<T>((resolve, reject) => {
      port1.onmessage = ({ data: { value, error } }) =>
        error === undefined ? resolve(value) : reject(new Error(error))
    })
    active?.postMessage(order, [port2])
    return answer
  }, source)
}
