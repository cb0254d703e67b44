import * as holdfast from 'holdfast'
import { assertOk } from 'holdfast/http'
import { tellMade } from './made.ts'
import type { KindName, Tell } from './told.ts'

export interface Note {
  readonly text: string
}

export interface Photo {
  readonly file: Blob
}

export type SoakQueue = holdfast.Queue<{
  readonly [Kind in KindName]: {
    readonly payload: Kind extends 'photo' ? Photo : Note
    readonly result: undefined
  }
}>

// Short waits, so that much happens in a minute. The 20 errors of the default are kept: no outage may use them up.
const retry = { baseMs: 50, capMs: 1_000 }

const tasks = holdfast.defineTasks({
  note: holdfast.task<Note, undefined>({ retry }),
  photo: holdfast.task<Photo, undefined>({ retry }),
  /** Answered 422 whenever it is answered. */
  refused: holdfast.task<Note, undefined>({ retry }),
  /** Answered 500 whenever it is answered. */
  broken: holdfast.task<Note, undefined>({ retry: { maxAttempts: 2, baseMs: 20, capMs: 100 } }),
  once: holdfast.task<Note, undefined>({ retry, delivery: 'at-most-once' }),
})

/** The queue that all tabs and their worker share. Whatever handlers do is told. */
export function openQueue(api: string, context: string, tell: Tell): SoakQueue {
  tellMade(tell)
  const run = async (kind: KindName, body: BodyInit, job: holdfast.JobContext): Promise<undefined> => {
    const { id, epoch, signal } = job
    const end = (how: 'returned' | 'threw' | 'aborted'): void => {
      const code = how === 'aborted' && holdfast.isQueueError(signal.reason) ? signal.reason.code : undefined
      tell({ type: 'ended', id, epoch, how, code, at: Date.now() })
    }
    tell({ type: 'started', id, epoch, at: Date.now() })
    const abort = (): void => end('aborted')
    signal.addEventListener('abort', abort)
    try {
      await assertOk(upload(api, context, kind, body, job))
      if (!signal.aborted) end('returned')
    } catch (error) {
      if (!signal.aborted) end('threw')
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
  const note = (kind: KindName) => (payload: Note, job: holdfast.JobContext) => run(kind, payload.text, job)
  const queue = holdfast.createQueue({
    name: 'soak',
    tasks,
    sync: { url: `${api}/acks` },
    worker: { concurrency: 3 },
    handlers: {
      note: note('note'),
      photo: ({ file }, job) => run('photo', file, job),
      refused: note('refused'),
      broken: note('broken'),
      once: note('once'),
    },
  })
  for (const name of ['completed', 'dead'] as const) {
    queue.on(name, ({ id }) => tell({ type: 'finished', id, at: Date.now() }))
  }
  queue.on('store', ({ state }) => {
    if (state === 'lost') tell({ type: 'lost' })
  })
  queue.on('warning', ({ message, cause }) => tell({ type: 'warning', message: `${message}: ${cause}` }))
  return queue
}

function upload(
  api: string,
  context: string,
  kind: KindName,
  body: BodyInit,
  { id, key = '', epoch, signal, idempotencyKey }: holdfast.JobContext,
): Promise<Response> {
  const query = new URLSearchParams({ job: id, epoch: String(epoch), context, kind, key: key ?? '' })
  const headers = { 'Idempotency-Key': idempotencyKey }
  return fetch(`${api}/uploads?${query}`, { method: 'POST', body, headers, signal })
}

/** Has everything told that nobody caught. */
export function tellUncaught(tell: Tell): void {
  addEventListener('error', ({ message }) => tell({ type: 'uncaught', message }))
  addEventListener('unhandledrejection', ({ reason }) => {
    // As the browser is to hear it: the worker's sync has to be tried again.
    if (String(reason).includes('Cannot end the sync')) return
    tell({ type: 'uncaught', message: `unhandled rejection: ${reason}` })
  })
}
