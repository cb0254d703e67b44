import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { createReceiver, memoryAcks } from '../../src/receiver/index.ts'
import { startLoopback } from '../tools/loopback.ts'
import { requestOf } from '../tools/request.ts'
import type { Draws } from './draw.ts'
import { pause } from './until.ts'

/** One upload that came, as the server recorded it. */
export interface Upload {
  readonly job: string
  /** Its idempotency key: the job and its payload's revision. */
  readonly idempotencyKey: string
  readonly kind: string
  /** Its order key, or `''`. */
  readonly key: string
  readonly epoch: number
  /** Who sent it. */
  readonly context: string
  readonly receivedAt: number
  /** When it took effect: all of it had come, and it was not refused. */
  effectAt: number | undefined
  /** The server dropped its answer. */
  isAnswerLost: boolean
}

/** One acknowledgement that the receiver applied. */
export interface AppliedAck {
  readonly source: string
  readonly sequence: number
  readonly subject: string
  readonly finish: number
  readonly type: 'completed' | 'dead'
  readonly reason: string | undefined
  readonly at: number
}

/** How the server does. */
export type Health = 'well' | 'unavailable' | 'losing answers'

/** The application's server: takes uploads, and acknowledgements. */
export interface Server {
  readonly url: string
  readonly uploads: readonly Upload[]
  readonly acks: readonly AppliedAck[]
  /** What is wrong with the requests themselves. */
  readonly complaints: readonly string[]
  /** How many requests it failed. */
  readonly struck: number
  health: Health
  /** Uploads are not answered before this resolves. */
  answering: Promise<unknown>
  /** From here on connections are refused. */
  stop(): Promise<void>
  start(): Promise<void>
}

export async function serveApi(draw: Draws): Promise<Server> {
  const uploads: Upload[] = []
  const acks: AppliedAck[] = []
  const complaints: string[] = []
  let struck = 0
  const receive = createReceiver({
    store: memoryAcks(),
    authenticate: () => 'the device',
    onAck({ source, sequence, subject, type, data }) {
      const reason = 'error' in data ? data.error.reason : undefined
      acks.push({ source, sequence, subject, finish: data.finish, type, reason, at: Date.now() })
    },
  })

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (allowAnyone(request, response)) return
    const receivedAt = Date.now()
    const url = new URL(request.url ?? '/', 'http://api')
    const upload = url.pathname === '/uploads' ? uploadOf(request, url, receivedAt) : undefined
    if (upload) uploads.push(upload)
    const body = await buffer(request)
    const answer = api.health === 'unavailable' ? { status: 503 } : await answerTo(request, upload, body)
    if (api.health !== 'well') struck++
    if (api.health === 'losing answers') {
      if (upload) upload.isAnswerLost = true
      response.destroy()
      return
    }
    response.writeHead(answer.status, { ...('headers' in answer ? answer.headers : {}) })
    response.end('text' in answer ? answer.text : '')
  }
  const answerTo = async (request: IncomingMessage, upload: Upload | undefined, body: Buffer) => {
    if (upload === undefined) {
      const answer = await receive(requestOf(request, body))
      return { status: answer.status, text: await answer.text(), headers: Object.fromEntries(answer.headers) }
    }
    if (upload.kind === 'refused') return { status: 422 }
    if (upload.kind === 'broken') return { status: 500 }
    if (upload.kind === 'photo' && !isPhoto(body))
      complaints.push(`the photo of job ${upload.job} came broken`)
    upload.effectAt = Date.now()
    // Once it took effect, so that most faults come between an effect and its answer.
    await Promise.all([pause(draw.upTo(200)), api.answering])
    return { status: 200 }
  }

  const server = await startLoopback((request, response) => {
    // A request that its sender gave up has no body, and took no effect.
    handle(request, response).catch(() => response.destroy())
  })
  const api: Server = {
    ...server,
    uploads,
    acks,
    complaints,
    get struck() {
      return struck
    },
    health: 'well',
    answering: Promise.resolve(),
  }
  return api
}

function uploadOf(request: IncomingMessage, { searchParams }: URL, receivedAt: number): Upload {
  const text = (name: string): string => searchParams.get(name) ?? ''
  return {
    job: text('job'),
    idempotencyKey: String(request.headers['idempotency-key']),
    kind: text('kind'),
    key: text('key'),
    epoch: Number(text('epoch')),
    context: text('context'),
    receivedAt,
    effectAt: undefined,
    isAnswerLost: false,
  }
}

function isPhoto(body: Buffer): boolean {
  return body.length > 0 && body.every((byte, place) => byte === place % 251)
}

/** Answers a browser's preflight, and lets pages of any origin read the rest. */
function allowAnyone(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-expose-headers', 'Retry-After, Date, Holdfast-Lost')
  if (request.method !== 'OPTIONS') return false
  response.setHeader(
    'access-control-allow-headers',
    'Content-Type, Idempotency-Key, Holdfast-Previous, Holdfast-Log',
  )
  response.setHeader('access-control-max-age', '600')
  response.writeHead(204).end()
  return true
}
