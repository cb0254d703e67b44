/** A page of workbox-background-sync: it fetches, and its service worker queues what fails. */
import type { Write } from '../contract.ts'
import { bodyOf, controlledBy, offer, urlOf } from './page.ts'

async function ask(question: string): Promise<unknown> {
  const { port1, port2 } = new MessageChannel()
  const answered = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data)
  })
  const { active } = await navigator.serviceWorker.ready
  active?.postMessage(question, [port2])
  return answered
}

offer({
  open: async () => void (await controlledBy('/worker.js')),
  async put(write: Write) {
    // The queue has no keys of its own: it keeps the request as it is, with the application's.
    const headers = { 'Idempotency-Key': write.id }
    const { ok, status } = await fetch(urlOf(write), { method: 'POST', body: bodyOf(write), headers })
    if (!ok) throw new Error(`Cannot write: the server answers ${status}`)
  },
  drain: async () => void (await ask('drain')),
  waiting: async () => (await ask('waiting')) as readonly string[],
})
