/** What may stand around a block of the README, so that it is a whole program that shows what the README says. */
export interface Surroundings {
  readonly before?: string
  /** Throws when the block did not do what it is for. */
  readonly after?: string
}

/** Waits for what happens by itself; the test's own time limit ends it. */
const until = `
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2))
}`

const database = `import * as fake from 'fake-indexeddb'
Object.assign(globalThis, { ...fake, default: undefined })`

const indexeddb: Surroundings = {
  before: database,
  after: 'await queue.destroy({ force: true })',
}

/** Dexie has looked for IndexedDB when it was loaded, before there was any. */
const dexie: Surroundings = {
  before: `import { Dexie as Loaded } from 'dexie'
Object.assign(Loaded.dependencies, { indexedDB, IDBKeyRange })`,
}

const user: Surroundings = { before: `const user = { id: 'ada', token: async () => 'secret' }` }

/** A file, and a server that takes it. */
const cat: Surroundings = {
  before: `${until}
const file = new File(['meow'], 'cat.jpg')
const uploads: { readonly body: unknown; readonly key: string | null }[] = []
globalThis.fetch = async (_, init) => {
  uploads.push({ body: init?.body, key: new Headers(init?.headers).get('idempotency-key') })
  return new Response(null, { status: 201, headers: { etag: '"v1"' } })
}`,
  after: `await until(() => uploads.length === 1)
const [upload] = uploads
if (!(upload?.body instanceof Blob) || (await upload.body.text()) !== 'meow') throw new Error('not the cat')
if (upload.key === null) throw new Error('no idempotency key')`,
}

/** A folder for a database's file. */
const folder: Surroundings = {
  before: `import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
const folder = mkdtempSync(join(tmpdir(), 'holdfast-readme-'))`,
  after: 'rmSync(folder, { recursive: true })',
}

const mail: Surroundings = {
  before: `import { createQueue, memoryStore } from 'holdfast'
const sent: string[] = []
const queue = createQueue({
  name: 'mail',
  store: memoryStore(),
  handlers: { send: async (to: string) => { sent.push(to) } },
})`,
  after: 'await queue.close()',
}

const olderTab: Surroundings = {
  before: `import { isQueueError } from 'holdfast'
${mail.before}
const askToReload = (): void => undefined`,
  after: mail.after ?? '',
}

/** A page that goes into the back/forward cache, and comes back. */
const pageHost: Surroundings = {
  before: `${until}
const page = new EventTarget()
const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
const addEventListener = page.addEventListener.bind(page)
const removeEventListener = page.removeEventListener.bind(page)
Object.assign(globalThis, { addEventListener, removeEventListener, document })`,
  after: `page.dispatchEvent(new Event('pagehide'))
if ((await queue.info()).worker.started) throw new Error('it did not leave')
await queue.enqueue('send', 'ada')
page.dispatchEvent(new Event('pageshow'))
await until(() => sent.length === 1)
if (await host.persist()) throw new Error('nobody was asked')
host.detach()`,
}

/** A service worker that the browser wakes for a sync. */
const workerHost: Surroundings = {
  before: `const worker = new EventTarget()
const addEventListener = worker.addEventListener.bind(worker)
const removeEventListener = worker.removeEventListener.bind(worker)
Object.assign(globalThis, { addEventListener, removeEventListener, registration: {} })`,
  after: `await queue.enqueue('send', 'ada')
const waits: Promise<unknown>[] = []
const waitUntil = (promise: Promise<unknown>): void => void waits.push(promise)
for (const tag of ['other', 'mail']) worker.dispatchEvent(Object.assign(new Event('sync'), { tag, waitUntil }))
await Promise.all(waits)
if (waits.length !== 1 || sent.length !== 1) throw new Error('it did not drain once')`,
}

/** A server that answers 401 until somebody signs in. */
const signedOut: Surroundings = {
  before: `import { createQueue, memoryStore } from 'holdfast'
import { assertOk } from 'holdfast/http'
let isSignedIn = false
const signIn = async (): Promise<void> => { isSignedIn = true }
const queue = createQueue({
  name: 'mail',
  store: memoryStore(),
  handlers: { send: async () => void (await assertOk(new Response(null, { status: isSignedIn ? 204 : 401 }))) },
})`,
  after: `const { id } = await queue.enqueue('send')
await queue.start()
await queue.result(id)
if ((await queue.get(id))?.errors !== 1) throw new Error('the opener is charged once')
await queue.close()`,
}

/** A dead letter, and a server that takes its kind of caption only. */
const refused: Surroundings = {
  before: `import { createQueue, memoryStore } from 'holdfast'
import { assertOk } from 'holdfast/http'
const queue = createQueue({
  name: 'photos',
  store: memoryStore(),
  handlers: {
    upload: async ({ caption }: { caption: string }) => {
      await assertOk(new Response(null, { status: caption.includes('!') ? 422 : 201 }))
    },
  },
})
const job = await queue.enqueue('upload', { caption: 'A cat!' })
await queue.start()
await queue.result(job.id).catch(() => undefined)`,
  after: `await queue.result(job.id)
await queue.close()`,
}

/** The README's own server, and a context that runs what the block's queue only declares. */
const syncAcks: Surroundings = {
  before: `${database}
import { createQueue } from 'holdfast'
import { tasks } from './contract.ts'
import { receive } from './server.ts'
const user = { id: 'ada', token: async () => 'secret' }
globalThis.fetch = async (url, init) => receive(new Request(new URL(String(url), 'https://example.com'), init))`,
  after: `const handlers = { upload: () => ({ etag: null }) }
const runner = createQueue({ name: 'photos', owner: user.id, tasks, handlers, sync: { url: '/acks' } })
const { id } = await runner.enqueue('upload', { id: 'p1', file: new Blob(['meow']) })
await runner.start()
await runner.result(id)
await runner.close()
await queue.flush()
if ((await queue.get(id))?.ack !== 'acked') throw new Error('the server does not have it')
await queue.destroy()`,
}

const acksServer: Surroundings = {
  before: `const userOf = (header: string | null): string | null => (header === 'Bearer secret' ? 'ada' : null)`,
}

/** A Durable Object's `ctx` on Node's SQLite, with an alarm that goes off when the test says so. */
const edge: Surroundings = {
  before: `import { DatabaseSync } from 'node:sqlite'
import type { DurableObjectContext, DurableObjectStorage } from 'holdfast/cloudflare'
type DurableObjectState = DurableObjectContext & { readonly storage: DurableObjectStorage }
interface Env {
  readonly API: { fetch(url: string, init?: RequestInit): Promise<Response> }
}
const database = new DatabaseSync(':memory:')
let alarmAt: number | null = null
const ctx: DurableObjectState = {
  waitUntil: () => undefined,
  storage: {
    setAlarm: async (at) => void (alarmAt = at),
    deleteAlarm: async () => void (alarmAt = null),
    sql: {
      exec(sql, ...values: (string | number | Uint8Array)[]) {
        if (values.length === 0 && !sql.startsWith('SELECT')) database.exec(sql)
        const rows = values.length > 0 || sql.startsWith('SELECT') ? database.prepare(sql).all(...values) : []
        return { toArray: () => rows }
      },
    },
    transactionSync: (work) => work(),
  },
}
const urls: string[] = []
const env: Env = {
  API: {
    fetch: async (url, init) => {
      urls.push(url)
      if (url !== 'https://api/acks' || init?.method === 'HEAD') return new Response(null, { status: 204 })
      const [{ id }] = JSON.parse(String(init?.body))
      return Response.json({ acknowledged: 1, id, rejected: [] })
    },
  },
}`,
  after: `const mailer = new Mailer(ctx, env)
await mailer.fetch(new Request('https://mailer/', { method: 'POST', body: 'ada' }))
if (alarmAt === null) throw new Error('no alarm')
await mailer.alarm()
if (urls.join() !== 'https://api/mails/ada,https://api/acks') throw new Error(urls.join())
if (alarmAt !== null) throw new Error('an alarm is left')
const { counts } = await (await mailer.fetch(new Request('https://mailer/'))).json()
if (counts.completed !== 1) throw new Error('the job is not completed')
await mailer.queue.close()`,
}

const edgeTypes = `interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void
}
const waits: Promise<unknown>[] = []
const ctx: ExecutionContext = { waitUntil: (promise) => waits.push(promise) }`

/** Objects that have one job for each request. */
const edgeWorker: Surroundings = {
  before: `${edgeTypes}
import type { ObjectNamespace } from 'holdfast/cloudflare'
import { createQueue, memoryStore } from 'holdfast'
interface Env {
  readonly MAILER: ObjectNamespace<string, { fetch(request: Request | string): Promise<Response> }>
}
const queues = new Map<string, ReturnType<typeof open>>()
const open = () => createQueue({ name: 'mail', store: memoryStore(), handlers: { send: () => undefined } })
const env: Env = {
  MAILER: {
    idFromName: (name) => name,
    get: (name) => ({
      async fetch(request) {
        const queue = queues.get(name) ?? open()
        queues.set(name, queue)
        if (request instanceof Request) await queue.enqueue('send')
        return Response.json(await queue.info())
      },
    }),
  },
}`,
  after: `for (const customer of ['ada', 'bob', 'ada']) {
  const url = \`https://worker/?customer=\${customer}\`
  const { status } = await worker.fetch(new Request(url, { method: 'POST', body: '' }), env, ctx)
  if (status !== 202) throw new Error('not taken in')
}
await Promise.all(waits)
const { counts } = await (await worker.fetch(new Request('https://worker/'), env, ctx)).json()
if (counts.pending !== 3 || queues.size !== 16) throw new Error('these are not all')
for (const queue of queues.values()) await queue.close()`,
}

const edgeMemory: Surroundings = {
  before: `${edgeTypes}
const asked: string[] = []
globalThis.fetch = async (url) => {
  asked.push(String(url))
  return new Response()
}`,
  after: `await worker.fetch(new Request('https://worker/about'), {}, ctx)
await Promise.all(waits)
if (asked.join() !== 'https://hits.example/about') throw new Error(asked.join())
await queue.close()`,
}

const ownStore: Surroundings = {
  before: `import { memoryStore as myStore } from 'holdfast'
const tests: (() => Promise<void>)[] = []
const test = (_: string, run: () => Promise<void>): void => void tests.push(run)`,
  after: `if (tests.length < 30) throw new Error('these are not all')
for (const run of tests) await run()`,
}

/** A service worker whose network is down, and comes back before its server does. */
const capturing: Surroundings = {
  before: `${database}
${until}
interface Captured extends Event {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
  waitUntil(promise: Promise<unknown>): void
}
const token = async (): Promise<string> => 'secret'
const tags: string[] = []
const sync = { register: async (tag: string) => void tags.push(tag), getTags: async () => tags }
const worker = new EventTarget()
const addEventListener = worker.addEventListener.bind(worker) as
  (type: 'fetch', listener: (event: Captured) => void) => void
const removeEventListener = worker.removeEventListener.bind(worker)
Object.assign(globalThis, { addEventListener, removeEventListener, registration: { sync } })
let isDown = true
const statuses = [503, 409]
const sent: RequestInit[] = []
globalThis.fetch = async (_, init = {}) => {
  if (isDown) throw new TypeError('fetch failed')
  sent.push(init)
  return new Response(null, { status: statuses[sent.length - 1] ?? 500, headers: { 'Retry-After': '1' } })
}`,
  after: `const waits: Promise<unknown>[] = []
const waitUntil = (promise: Promise<unknown>): void => void waits.push(promise)
const answer = await new Promise<Response>((respondWith) => {
  const request = new Request('https://example.com/api/notes/1', { method: 'PUT', body: 'Tea' })
  worker.dispatchEvent(Object.assign(new Event('fetch'), { request, respondWith, waitUntil }))
})
const { queued } = await answer.json()
if (answer.status !== 202 || queued !== true) throw new Error('it did not queue')
await until(() => tags.join() === 'requests')
isDown = false
worker.dispatchEvent(Object.assign(new Event('sync'), { tag: 'requests', waitUntil }))
await Promise.all(waits)
const headers = new Headers(sent[1]?.headers)
if (headers.get('authorization') !== 'Bearer secret') throw new Error('it was not sent as it should')
if ((await queue.info()).counts.completed !== 1) throw new Error('a 409 completes it')
await queue.destroy({ force: true })`,
}

/** A tus server, as small as one can be. */
const videos: Surroundings = {
  before: `${database}
const token = async (): Promise<string> => 'secret'
const video = new File(['moving pictures'], 'video.mp4', { type: 'video/mp4' })
globalThis.fetch = async (_, init = {}) => {
  if (init.method === 'POST') return new Response(null, { status: 201, headers: { Location: '/files/1' } })
  const size = init.body instanceof Blob ? init.body.size : 0
  return new Response(null, { status: 204, headers: { 'Upload-Offset': String(size) } })
}`,
  after: 'await queue.destroy({ force: true })',
}

/** A queue of another library, with something left in it. */
const oldQueue: Surroundings = {
  before: `import { createQueue, memoryStore } from 'holdfast'
import { requestPayload } from 'holdfast/http'
import { requests } from './requests.ts'
const queue = createQueue({ name: 'requests', tasks: requests, store: memoryStore() })
const post = (body: string) => new Request('https://example.com/a', { method: 'POST', body })
const [kept, unreadable] = [post('a'), post('b')]
await unreadable.text()
const left = [kept, unreadable]
const old = {
  getAll: async (): Promise<{ request: Request }[]> => left.map((request) => ({ request })),
  shiftRequest: async (): Promise<{ request: Request } | undefined> => {
    const request = left.shift()
    return request && { request }
  },
}`,
  after: `const refusal = await moveOver().catch((error: unknown) => error)
if ((await queue.info()).counts.pending !== 1) throw new Error('it did not move over')
if (!(refusal instanceof TypeError) || left[0] !== unreadable) throw new Error('what cannot be kept is gone')
await queue.close()`,
}

/** A page of notes, and a server that does not like to be shouted at. */
const notes: Surroundings = {
  before: `${until}
import { createQueue, memoryStore } from 'holdfast'
import { assertOk } from 'holdfast/http'
interface Change { readonly note: string; readonly text: string }
const told: string[] = []
const tell = (text: string): void => void told.push(text)
let renders = 0
const render = (_: ReadonlyMap<string, string>, isUnsaved: (note: string) => boolean): void => {
  isUnsaved('n1')
  renders++
}
const queue = createQueue({
  name: 'notes',
  store: memoryStore(),
  handlers: {
    save: async ({ text }: Change) => {
      await assertOk(new Response(null, { status: text.includes('!') ? 422 : 204 }))
    },
  },
})`,
  after: `if (shown.get('n1') !== 'Coffee!' || !isUnsaved('n1')) throw new Error('it is not shown at once')
await queue.start()
await until(() => told.length === 1)
if (shown.get('n1') !== 'Tea' || !told[0]?.endsWith('422')) throw new Error('it was not taken back')
await change('n1', 'Milk')
await until(() => saved.get('n1') === 'Milk')
if (isUnsaved('n1') || renders === 0) throw new Error('it is not shown as saved')
await queue.close()`,
}

export const around: Readonly<Record<string, Surroundings>> = {
  capturing,
  videos,
  'old-queue': oldQueue,
  notes,
  indexeddb,
  dexie,
  user,
  cat,
  folder,
  mail,
  'older-tab': olderTab,
  'page-host': pageHost,
  'worker-host': workerHost,
  'signed-out': signedOut,
  refused,
  'sync-acks': syncAcks,
  'acks-server': acksServer,
  edge,
  'edge-worker': edgeWorker,
  'edge-memory': edgeMemory,
  'own-store': ownStore,
}
