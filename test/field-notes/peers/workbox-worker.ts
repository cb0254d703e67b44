/** workbox-background-sync as its documentation's `Queue` example has it: what cannot be sent is queued. */
import { Queue } from 'workbox-background-sync'
import { scope, takeOver } from './worker.ts'

const queue = new Queue('writes')

/** As documented for those who want server errors tried again, too: the network is not all that fails. */
async function send(request: Request): Promise<Response> {
  const response = await fetch(request.clone())
  if (response.status >= 500) throw new Error(`Server error: ${response.status}`)
  return response
}

async function sendOrQueue(request: Request): Promise<Response> {
  try {
    return await send(request)
  } catch {
    await queue.pushRequest({ request })
    return new Response(null, { status: 202 })
  }
}

const idOf = ({ url }: Request): string => new URL(url).searchParams.get('id') ?? ''

/** What pages may ask for: `Queue` is the worker's alone. */
const answers: Readonly<Record<string, () => Promise<unknown>>> = {
  drain: () => queue.replayRequests(),
  waiting: async () => (await queue.getAll()).map(({ request }) => idOf(request)),
}

takeOver()
scope.addEventListener('fetch', (event) => {
  const { request } = event
  if (new URL(request.url).pathname === '/api/writes') event.respondWith(sendOrQueue(request))
})
scope.addEventListener('message', (event) => {
  const answer = answers[String(event.data)]?.().catch(String)
  if (answer !== undefined) event.waitUntil(answer.then((given) => event.ports[0]?.postMessage(given)))
})
