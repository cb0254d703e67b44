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

/** A page that goes into the back/forward cache, and comes back. */
const pageEvents: Surroundings = {
  before: `${until}
const page = new EventTarget()
const addEventListener = page.addEventListener.bind(page)
const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })`,
  after: `page.dispatchEvent(new Event('pagehide'))
if ((await queue.info()).worker.started) throw new Error('it did not leave')
await queue.enqueue('send', 'ada')
page.dispatchEvent(new Event('pageshow'))
await until(() => sent.length === 1)
document.dispatchEvent(new Event('visibilitychange'))`,
}

/** A service worker that the browser wakes for a sync. */
const syncEvent: Surroundings = {
  before: `
interface SyncEvent {
  readonly tag: string
  waitUntil(promise: Promise<unknown>): void
}
const listeners: ((event: SyncEvent) => void)[] = []
const addEventListener = (_: 'sync', listener: (event: SyncEvent) => void): void => void listeners.push(listener)`,
  after: `await queue.enqueue('send', 'ada')
const waits: Promise<unknown>[] = []
for (const tag of ['other', 'mail']) {
  for (const listener of listeners) listener({ tag, waitUntil: (promise) => waits.push(promise) })
}
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

const ownStore: Surroundings = {
  before: `import { memoryStore as myStore } from 'holdfast'
const tests: (() => Promise<void>)[] = []
const test = (_: string, run: () => Promise<void>): void => void tests.push(run)`,
  after: `if (tests.length < 30) throw new Error('these are not all')
for (const run of tests) await run()`,
}

export const around: Readonly<Record<string, Surroundings>> = {
  indexeddb,
  user,
  cat,
  folder,
  mail,
  'page-events': pageEvents,
  'sync-event': syncEvent,
  'signed-out': signedOut,
  refused,
  'sync-acks': syncAcks,
  'acks-server': acksServer,
  'own-store': ownStore,
}
