import * as holdfast from 'holdfast'
import * as http from 'holdfast/http'
import { createRaw, type Raw } from './raw.ts'

/** What the page under test enqueues. */
export interface Photo {
  readonly name: string
  readonly file: Blob
}

export interface PhotosOptions {
  /** Where the API is. */
  readonly api: string
  readonly retry?: Partial<holdfast.RetryPolicy>
  readonly worker?: holdfast.WorkerSettings
  /** The handler pays no heed to its signal. */
  readonly isDeaf?: boolean
}

/** One event, by name. */
export interface Told {
  readonly name: holdfast.QueueEventName
  readonly event: unknown
}

export type Photos = holdfast.Queue<{
  readonly upload: { readonly payload: Photo; readonly result: { readonly digest: string } }
}>

/** What tests find in the page, as `app`. */
export interface App {
  readonly holdfast: typeof holdfast
  readonly http: typeof http
  readonly raw: Raw
  /** Opens the queue whose jobs upload a file to the API, which acknowledges them. Does not start it. */
  openPhotos(options: PhotosOptions): Photos
  /** The queue that was opened last by `openPhotos`. */
  readonly photos: Photos
  /** The epochs under which its handler returned in this page. */
  readonly returned: readonly number[]
  /** Gathers everything a queue tells, in order. */
  listen(queue: Pick<holdfast.Queue, 'on'>): readonly Told[]
  /** Every transaction begun in this page so far, as `<mode> <object stores>`. */
  readonly transactions: readonly string[]
  /** The files picked on the page. */
  picked(): readonly File[]
  /** Free for a test to keep things in, from one step to the next. */
  readonly kept: Map<string, unknown>
  /** SHA-256, in hexadecimal digits. */
  digest(blob: Blob): Promise<string>
}

declare global {
  var app: App
}

const transactions: string[] = []
const returned: number[] = []
let photos: Photos | undefined

globalThis.app = {
  holdfast,
  http,
  raw: createRaw(),
  openPhotos(options) {
    photos = photosQueue(options)
    return photos
  },
  get photos() {
    if (photos === undefined) throw new Error('Cannot use the photos: openPhotos was not called')
    return photos
  },
  returned,
  listen,
  transactions,
  picked: () => [...(document.querySelector<HTMLInputElement>('#files')?.files ?? [])],
  kept: new Map(),
  digest,
}
countTransactions()

function photosQueue({ api, retry = {}, worker = {}, isDeaf = false }: PhotosOptions): Photos {
  return holdfast.createQueue({
    name: 'photos',
    tasks: holdfast.defineTasks({
      upload: holdfast.task<Photo, { readonly digest: string }>({ retry }),
    }),
    sync: { url: `${api}/acks` },
    worker,
    handlers: {
      upload: async ({ name, file }, job) => {
        const url = `${api}/photos?name=${encodeURIComponent(name)}`
        const { signal, idempotencyKey } = job
        const headers = { 'Idempotency-Key': idempotencyKey }
        const heed = isDeaf ? {} : { signal }
        const request = fetch(url, { method: 'POST', body: file, headers, ...heed })
        const digest = await (await http.assertOk(request)).text()
        returned.push(job.epoch)
        return { digest }
      },
    },
  })
}

function listen(queue: Pick<holdfast.Queue, 'on'>): readonly Told[] {
  const told: Told[] = []
  const names: readonly holdfast.QueueEventName[] = [
    ...(['enqueued', 'started', 'progress', 'completed', 'retrying', 'dead', 'cancelled'] as const),
    ...(['released', 'reclaimed', 'starved', 'held', 'resumed', 'acked', 'ack-rejected'] as const),
    ...(['idle', 'store', 'warning'] as const),
  ]
  for (const name of names) queue.on(name, (event) => told.push({ name, event }))
  return told
}

function countTransactions(): void {
  if (typeof IDBDatabase === 'undefined') return
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (stores, mode = 'readonly', options) {
    transactions.push(`${mode} ${[stores].flat().join(',')}`)
    return transaction.call(this, stores, mode, options)
  }
}

async function digest(blob: Blob): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
