/** A service worker that captures, as far as there can be one in Node: for the tests of `capture`. */
import {
  type CaptureEvent,
  type CaptureOptions,
  capture,
  httpHandler,
  type RequestPayload,
} from 'holdfast/http'
import { afterEach, beforeEach, vi } from 'vitest'
import { createQueue, memoryStore, type Queue, type StoreFactory } from '../../../src/index.ts'
import { bench } from '../queue/bench.ts'

export const url = 'https://app.example/api/notes/1'

/** What the network does: nobody answers, until it is told otherwise. */
export const network: { answer: (request: Request) => Promise<Response>; readonly asked: Request[] } = {
  answer: () => Promise.reject(new TypeError('fetch failed')),
  asked: [],
}

beforeEach(() => {
  network.answer = () => Promise.reject(new TypeError('fetch failed'))
  network.asked.length = 0
  vi.stubGlobal('location', new URL('https://app.example/sw.js'))
  vi.stubGlobal('fetch', (given: Request, init?: RequestInit) => {
    const request = new Request(given, init)
    network.asked.push(request)
    return network.answer(request)
  })
})

afterEach(() => vi.unstubAllGlobals())

export interface Dispatched extends CaptureEvent {
  readonly answer: Promise<Response> | undefined
  readonly waits: Promise<unknown>[]
}

/** A `fetch` event, as a service worker gets it. */
export function eventOf(request: Request): Dispatched {
  const waits: Promise<unknown>[] = []
  let answer: Promise<Response> | undefined
  return {
    request,
    waits,
    get answer() {
      return answer
    },
    respondWith(promise) {
      answer = promise
    },
    waitUntil: (promise) => void waits.push(promise),
  }
}

export function put(text: string, init: RequestInit = {}, to: string = url): Request {
  const headers = { 'Content-Type': 'text/plain', ...(init.headers as Record<string, string>) }
  return new Request(to, { method: 'PUT', body: text, ...init, headers })
}

export interface Capturing {
  readonly queue: Queue<{ readonly request: { payload: RequestPayload; result: undefined } }>
  readonly listener: (event: CaptureEvent) => boolean
  /** Dispatches a request. Resolves to its answer, and what its event waits for; to `undefined` where it is left alone. */
  send(
    request: Request,
  ): Promise<{ readonly answer: Response; readonly waits: Promise<unknown>[] } | undefined>
  /** What waits in the queue, in its order. */
  bodies(): Promise<string[]>
}

export function setUp(
  more: Partial<CaptureOptions<'request'>> = {},
  store: StoreFactory = memoryStore(),
): Capturing {
  const { given, keep } = bench(store)
  const queue = keep(createQueue({ ...given(), handlers: { request: httpHandler() } }))
  const listener = capture({ queue, kind: 'request', match: /\/api\//, ...more })
  const send: Capturing['send'] = async (request) => {
    const event = eventOf(request)
    listener(event)
    const answer = await event.answer
    if (answer === undefined) return undefined
    return { answer, waits: event.waits }
  }
  const bodies = async () => {
    const { jobs } = await queue.list({ state: 'pending' })
    return Promise.all(jobs.map(async ({ id }) => ((await queue.payload(id)) as { body: string }).body))
  }
  return { queue, listener, send, bodies }
}
