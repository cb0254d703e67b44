import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { ReadableStream as WebStream } from 'node:stream/web'
import type { Acks, StoredAck } from './acks.ts'
import { allowSite } from './cors.ts'
import type { FollowedUp, FollowUps } from './follow-ups.ts'
import type { Photos, StoredPhoto } from './photos.ts'
import { discard, json, problem, type Reply, readObject, send } from './reply.ts'
import type { Switches, Weather } from './weather.ts'

/** What `GET /state` tells: the switches, and what the server has of one principal. */
export interface ServerState {
  readonly switches: Switches
  readonly photos: { readonly count: number; readonly newest: readonly StoredPhoto[] }
  readonly acks: {
    readonly count: number
    readonly gapFree: boolean
    readonly newest: readonly StoredAck[]
  }
  readonly followedUp: FollowedUp
}

/** What the API is made of. */
export interface ApiParts {
  readonly photos: Photos
  readonly followUps: FollowUps
  readonly acks: Acks
  readonly weather: Weather
  /** The origin of the site, once it is known: only its pages may call. */
  readonly site: () => string
  readonly onError: (error: unknown) => void
}

const listed = 40

/**
 * The API: `POST /photos`, `POST /acks`, for the edge `PUT /thumbnails/<principal>/<key>` and the same of
 * `notifications`, and beside them `GET /photos/<principal>/<key>`, the same of `thumbnails`, `GET /state` and
 * `POST /switches`, which work also while the API is down.
 */
export function createApi(parts: ApiParts): RequestListener {
  return (request, response) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    serve(parts, request, response, gone.signal).catch((error: unknown) => {
      if (gone.signal.aborted) return
      parts.onError(error)
      if (response.headersSent) response.destroy()
      else send(response, problem(500, 'The API has a fault'))
    })
  }
}

async function serve(
  parts: ApiParts,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  if (allowSite(request, response, parts.site())) return
  const url = new URL(request.url ?? '/', 'http://api')
  const reply = await route(parts, url, request, response, gone)
  if (reply !== undefined) send(response, reply)
}

/** Resolves with nothing where the route has answered by itself. */
async function route(
  parts: ApiParts,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<Reply | undefined> {
  const [, room = '', principal = '', key = ''] = url.pathname.split('/')
  const { method = 'GET' } = request
  if (room === 'acks') return acknowledge(parts, request, response, gone)
  if (url.pathname === '/photos' && method === 'POST') return store(parts, url, request, gone)
  if (room === 'photos' && method === 'GET') return parts.photos.serve(principal, key, response)
  if (room === 'thumbnails' && method === 'GET')
    return parts.followUps.serveThumbnail(principal, key, response)
  if ((room === 'thumbnails' || room === 'notifications') && method === 'PUT') {
    return takeFollowUp(parts, room, { principal, key }, request)
  }
  if (url.pathname === '/switches' && method === 'POST') return turn(parts, request)
  if (url.pathname === '/state' && method === 'GET') return json(200, stateOf(parts, url), fresh)
  await discard(request)
  return problem(404, 'There is nothing here')
}

const fresh = { 'cache-control': 'no-store' }

/**
 * Stores a photo under its Idempotency-Key: sent again after a lost answer, it is stored once and answered alike. The
 * caption with an exclamation mark stands for whatever a server refuses for good.
 */
async function store(
  { photos, followUps, weather, onError }: ApiParts,
  url: URL,
  request: IncomingMessage,
  gone: AbortSignal,
): Promise<Reply> {
  const principal = principalOf(request.headers.authorization)
  const key = request.headers['idempotency-key']
  const { searchParams } = url
  const caption = searchParams.get('caption') ?? ''
  const refuse = async (reply: Reply): Promise<Reply> => {
    await discard(request)
    await weather.delay(gone)
    return reply
  }
  if (principal === undefined) return refuse(problem(401, 'Nobody is signed in'))
  if (typeof key !== 'string' || !/^[\w-]{1,100}$/.test(key)) {
    return refuse(problem(400, 'An Idempotency-Key of letters, digits, - and _ is required'))
  }
  const stricken = weather.strike(caption.includes('!') ? undefined : key)
  if (stricken) return refuse(stricken)
  if (caption.includes('!')) return refuse(problem(422, 'A caption must not contain an exclamation mark'))
  const type = request.headers['content-type'] ?? 'application/octet-stream'
  const upload = { principal, key, name: searchParams.get('name') ?? '', caption, type }
  const reply = await photos.take(upload, request)
  await weather.delay(gone)
  if (reply.status >= 400) return reply
  try {
    await followUps.hand({ principal, key })
    return reply
  } catch (error) {
    onError(error)
    // Sent again, it is stored already, and handed over then.
    return problem(503, 'The edge does not take it', { 'retry-after': '1' })
  }
}

/** Takes what the edge made of a photo: only the edge may. */
async function takeFollowUp(
  { followUps, weather }: ApiParts,
  room: 'thumbnails' | 'notifications',
  { principal, key }: { readonly principal: string; readonly key: string },
  request: IncomingMessage,
): Promise<Reply> {
  const isEdge = principalOf(request.headers.authorization) === 'edge'
  const refusal = isEdge ? weather.strike() : problem(403, 'Only the edge may')
  if (refusal === undefined) return followUps.take(room, principal, key, request)
  await discard(request)
  return refusal
}

/** Hands a request to the receiver, which speaks `Request` and `Response`. */
async function acknowledge(
  { acks, weather }: ApiParts,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<Reply | undefined> {
  const stricken = weather.strike()
  if (stricken) {
    await discard(request)
    await weather.delay(gone)
    return stricken
  }
  const answer = await acks.receive(requestOf(request))
  await weather.delay(gone)
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(await answer.text())
  request.resume()
  return undefined
}

function requestOf(incoming: IncomingMessage): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
  const { method = 'GET' } = incoming
  // A body that is refused is not read to its end: that must neither end the connection nor block it. Node's
  // declaration of a web stream and the DOM's are two names of one thing.
  const body = WebStream.from(incoming.iterator({ destroyOnReturn: false })) as ReadableStream
  const init = { method, headers, body: method === 'POST' ? body : null, duplex: 'half' }
  return new Request(`http://${incoming.headers.host ?? 'api'}${incoming.url ?? '/'}`, init)
}

async function turn({ weather }: ApiParts, request: IncomingMessage): Promise<Reply> {
  const given = await readObject(request)
  if (given === undefined) return problem(400, 'A JSON object is required')
  const wrong = weather.set(given)
  return wrong === undefined
    ? json(200, weather.switches)
    : problem(422, `Cannot turn the switches: ${wrong}`)
}

function stateOf({ photos, acks, followUps, weather }: ApiParts, { searchParams }: URL): ServerState {
  const principal = searchParams.get('principal') ?? ''
  return {
    switches: weather.switches,
    photos: photos.list(principal, listed),
    acks: acks.list(principal, listed),
    followedUp: followUps.list(principal),
  }
}

/**
 * Whose request it is. This demo takes everybody's word for it: a real server looks up a session here. The name is
 * part of a path, so it is held to a few characters.
 */
export function principalOf(authorization: string | null | undefined): string | undefined {
  return /^Bearer ([a-z\d-]{1,40})$/.exec(authorization ?? '')?.[1]
}
