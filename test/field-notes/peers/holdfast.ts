/** Holdfast, as its README says: the page takes writes in, and it or the service worker runs them. */
import type { JobView } from 'holdfast'
import { attach } from 'holdfast/page'
import type { OpenOptions, Write } from '../contract.ts'
import { openWrites, type Writes } from './holdfast-queue.ts'
import { bodyOf, offer } from './page.ts'

let queue: Writes | undefined
const sent: string[] = []

function opened(): Writes {
  if (queue === undefined) throw new Error('Cannot use the queue: it is not open')
  return queue
}

async function writeOf({ id }: JobView): Promise<Write> {
  return (await opened().payload(id)) as Write
}

offer({
  async open({ place, kinds = ['send'] }: OpenOptions) {
    queue = openWrites({ runs: place === 'page' ? kinds : [] })
    queue.on('completed', ({ result }) => sent.push(String(Reflect.get(Object(result), 'write'))))
    if (place === 'page') {
      attach(queue)
      await queue.start()
    } else {
      const registration = navigator.serviceWorker.register('/worker.js')
      attach(queue, { registration: registration.then(() => navigator.serviceWorker.ready) })
      await navigator.serviceWorker.ready
    }
  },
  async put(write) {
    const { order, topic, kind = 'send' } = write
    await opened().enqueue(
      kind,
      { ...write, body: bodyOf(write) },
      {
        ...(order !== undefined && { key: order }),
        ...(topic !== undefined && { dedupeKey: topic, onDuplicate: 'replace' as const }),
      },
    )
  },
  drain: async () => void (await opened().drain()),
  async waiting() {
    const { jobs } = await opened().list({ limit: 1_000 })
    const unsent = jobs.filter(({ state }) => state === 'pending' || state === 'running')
    return Promise.all(unsent.map(async (job) => (await writeOf(job)).id))
  },
  sent: async () => sent,
  signedIn: () => opened().resume(),
  async strangers() {
    const { jobs } = await opened().list({ state: 'pending', limit: 1_000 })
    const reasons = await Promise.all(jobs.map(async ({ id }) => (await opened().why(id)).reason))
    const unknown = jobs.filter((_, index) => reasons[index] === 'no-handler')
    return Promise.all(unknown.map(async (job) => (await writeOf(job)).id))
  },
  async failures() {
    const { jobs } = await opened().deadLetters({ limit: 1_000 })
    return Promise.all(
      jobs.map(async (job) => ({ id: (await writeOf(job)).id, reason: job.reason ?? 'not dead' })),
    )
  },
})
