import { deepEqual, equal, match } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Tab } from '../engine.ts'
import type { Received } from '../site.ts'
import { type Bench, type Cases, counted } from './bench.ts'

const size = 300_000

/** Of the bytes that `lab.noise(size)` has. */
const digest = createHash('sha256')
  .update(Uint8Array.from({ length: size }, (_, place) => place * 7))
  .digest('hex')

/** Jobs that are requests: kept, sent with their progress, and captured. */
export const httpCases: Cases = {
  'a request with a file is kept, and a page that was loaded anew sends it byte by byte as it was, and tells its progress':
    async ({ open, engine, name }) => {
      const page = await open()
      const kept = await page.evaluate(async (length) => {
        const request = new Request('/api/kept', { method: 'PUT', body: lab.noise(length) })
        const payload = await lab.requestPayload(request)
        const { id } = await lab.queue.enqueue('request', payload)
        return { id, hasStream: 'body' in request, isBlob: payload.body instanceof Blob }
      }, size)
      equal(kept.isBlob, true)
      // Firefox does not show a request's body as a stream: there it is read whole.
      equal(kept.hasStream, engine !== 'firefox')
      await page.reload()
      await page.evaluate(async (queue) => void (await lab.open(queue).start()), name)
      await counted(page, 'completed', 1)
      const [sent, ...others] = await received(page, '/api/kept')
      deepEqual([sent?.digest, sent?.key, others.length], [digest, `${kept.id}-1`, 0])
      const job = await page.evaluate((id) => lab.queue.get(id), kept.id)
      deepEqual(job?.progress, { sentBytes: size, totalBytes: size })
    },

  'a request that the server heard, and whose answer is lost, is captured by the service worker, and replayed under its key':
    async (bench) => {
      const page = await openControlled(bench)
      const path = '/api/captured?lost'
      const status = await page.evaluate(async (to) => {
        const body = lab.noise(300_000)
        return (await fetch(to, { method: 'POST', headers: { 'Content-Type': 'image/png' }, body })).status
      }, path)
      equal(status, 202)
      const [first] = await received(page, path)
      match(String(first?.key), /^[\da-f-]{36}$/)
      await page.evaluate(async () => {
        await lab.queue.start()
        await lab.queue.resume()
      })
      await counted(page, 'completed', 1)
      // Each time it was sent, as often as that may be, it was the same.
      const all = await received(page, path)
      equal(all.length > 1, true)
      deepEqual(
        all,
        all.map(() => ({ digest, type: 'image/png', key: first?.key })),
      )
    },
}

/** Opens the site in a folder of the case, where a service worker captures into its queue. */
async function openControlled({ open, name }: Bench): Promise<Tab> {
  const page = await open(`/${name.replaceAll(' ', '-')}/`)
  await page.evaluate(async () => void (await lab.hosts.attachWithWorker({ hasSync: false })))
  await page.reload()
  const isControlled = await page.evaluate((queue) => {
    lab.open(queue)
    return navigator.serviceWorker.controller !== null
  }, name)
  equal(isControlled, true)
  return page
}

/** What was written to an address so far. From then on nothing of it is lost. */
function received(page: Tab, path: string): Promise<Received[]> {
  return page.evaluate(async (from) => (await fetch(from)).json(), path)
}
