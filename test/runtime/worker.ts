/** A Worker with a queue in memory: bundled from the installed package, and run in workerd. */
import { createQueue, defineTasks, isQueueError, memoryStore, task } from 'holdfast'
import { assertOk } from 'holdfast/http'

const retry = { maxAttempts: 5, baseMs: 1, capMs: 5 }
const tasks = defineTasks({ mail: task<{ to: string }, { sent: string }>({ retry }) })

// In global scope, where Workers allow no timer, no randomness and no request.
const queue = createQueue({
  name: 'mail',
  tasks,
  store: memoryStore(),
  sync: { url: 'https://api.example/acks', headers: { authorization: 'Bearer worker' }, lingerMs: 1 },
  handlers: {
    mail: async ({ to }, job) => {
      const headers = { 'Idempotency-Key': job.idempotencyKey }
      const url = `https://api.example/mails/${to}`
      await assertOk(fetch(url, { method: 'POST', headers, signal: job.signal }))
      return { sent: to }
    },
  },
})

/** Takes mails in, runs them all, and tells what became of them. */
async function deliver(names: readonly string[]): Promise<Response> {
  const enqueued = await Promise.all(names.map((to) => queue.enqueue('mail', { to })))
  await queue.start()
  const results = enqueued.map(({ id }) => queue.result(id).catch(codeOf))
  const finished = await Promise.all(results)
  await queue.flush()
  await queue.stop()
  const { jobs } = await queue.deadLetters()
  const { sync, counts, store } = await queue.info()
  const { jobs: all } = await queue.list()
  const facts = { counts, durable: store.durable, unsent: sync?.unsent, acks: all.map((job) => job.ack) }
  return Response.json({ finished, dead: jobs, attempts: all.map((job) => job.attempt), ...facts })
}

function codeOf(error: unknown): string {
  return isQueueError(error) ? error.code : String(error)
}

const worker = {
  async fetch(request: Request): Promise<Response> {
    const names = new URL(request.url).searchParams.getAll('to')
    return deliver(names).catch((error: unknown) => new Response(String(error), { status: 500 }))
  },
}

// biome-ignore lint/style/noDefaultExport: a Worker is what its module exports by default
export default worker
