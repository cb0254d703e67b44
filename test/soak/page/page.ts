import { attach } from 'holdfast/page'
import { createProducer } from './producer.ts'
import { openQueue, tellUncaught } from './queue.ts'
import { type Life, tellAs } from './told.ts'

/** What is left in the queue, as one tab has it. */
export interface Look {
  readonly scheduled: number
  readonly pending: number
  readonly running: number
  readonly unsent: number
  /** The dead letters' ids and reasons. */
  readonly dead: readonly (readonly [id: string, reason: string | undefined])[]
  /** The first few that are not finished, and why. */
  readonly stuck: readonly string[]
}

/** What the driver finds in a tab, as `soak`. */
export interface Soak {
  /** Enqueues no more; resolves once every enqueue has an answer. */
  rest(): Promise<void>
  /** Takes one note in, once it is asked for; resolves to its id. */
  add(): Promise<string>
  look(): Promise<Look>
}

declare global {
  var soak: Soak
}

const { searchParams } = new URL(location.href)
const api = searchParams.get('api') ?? ''
// Another one after each load, also of a page that did not come back from the back/forward cache.
const context = `${searchParams.get('tab')}-${crypto.randomUUID().slice(0, 4)}`
const tell = tellAs(context)
const tellLife = (what: Life['what']): void => tell({ type: 'life', what, at: Date.now() })

tellUncaught(tell)
for (const what of ['offline', 'online', 'pagehide'] as const) {
  addEventListener(what, () => tellLife(what))
}
for (const what of ['freeze', 'resume'] as const) {
  document.addEventListener(what, () => tellLife(what))
}
addEventListener('pageshow', ({ persisted }) => tellLife(persisted ? 'pageshow persisted' : 'pageshow'))

const queue = openQueue(api, context, tell)
const producer = createProducer(queue, context, Number(searchParams.get('seed')), tell)

globalThis.soak = {
  rest: () => producer.rest(),
  add: async () => (await queue.enqueue('note', { text: 'one more' })).id,
  async look() {
    const { counts, sync } = await queue.info()
    const { pending, scheduled, running } = counts
    const dead = await all('dead')
    const open =
      pending + scheduled + running > 0 ? [...(await all('pending')), ...(await all('running'))] : []
    const stuck = await Promise.all(
      open
        .slice(0, 5)
        .map(async ({ id, ...job }) => JSON.stringify({ ...job, id, why: await queue.why(id) })),
    )
    return {
      ...{ pending, scheduled, running, unsent: sync?.unsent ?? 0, stuck },
      dead: dead.map(({ id, reason }) => [id, reason] as const),
    }
  },
}

async function all(state: 'dead' | 'pending' | 'running') {
  const jobs = []
  let after: string | undefined
  do {
    const page = await queue.list({ state, limit: 1_000, ...(after === undefined ? {} : { after }) })
    jobs.push(...page.jobs)
    after = page.next
  } while (after !== undefined)
  return jobs
}

async function register(): Promise<ServiceWorkerRegistration> {
  await navigator.serviceWorker.register(`/worker.js?${new URLSearchParams({ api })}`)
  return navigator.serviceWorker.ready
}

async function begin(): Promise<void> {
  // Not waited for: Chromium may leave a page that is loaded anew behind another tab without its registration.
  if (!searchParams.has('alone')) attach(queue, { registration: register() })
  else attach(queue)
  if (!searchParams.has('looks')) await queue.start()
  if (searchParams.has('produces')) producer.start()
  tellLife('ready')
}

begin().catch((error: unknown) => tell({ type: 'uncaught', message: `cannot begin: ${error}` }))
