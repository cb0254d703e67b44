/** The Worker, and the object that has the queue of one visitor. Bundled, and run in workerd, by start.ts. */
import { attach, durableObjectStore } from 'holdfast/cloudflare'
import { type FollowUpQueue, follow, openQueue, type StoredPhoto } from './queue.ts'

/** What the configuration binds. */
interface Env {
  readonly API_URL: string
  readonly VISITORS: {
    idFromName(name: string): unknown
    get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> }
  }
}

type ObjectContext = Parameters<typeof attach>[1] & {
  readonly storage: Parameters<typeof durableObjectStore>[0]
}

/** A Durable Object: its storage keeps the jobs, and its alarm wakes it for those that wait. */
export class Visitor {
  readonly #queue: FollowUpQueue
  readonly #host: ReturnType<typeof attach>

  constructor(ctx: ObjectContext, env: Env) {
    this.#queue = openQueue(env.API_URL, durableObjectStore(ctx.storage))
    this.#host = attach(this.#queue, ctx)
  }

  /** Answers once the jobs are durable; they run behind the answer. */
  async fetch(request: Request): Promise<Response> {
    await follow(this.#queue, photoIn(await request.json()))
    return new Response(null, { status: 202 })
  }

  alarm(): Promise<void> {
    return this.#host.alarm()
  }
}

function photoIn(given: unknown): StoredPhoto {
  if (typeof given === 'object' && given !== null && 'principal' in given && 'key' in given) {
    const { principal, key } = given
    if (typeof principal === 'string' && typeof key === 'string') return { principal, key }
  }
  throw new TypeError('Cannot follow up: expected {principal, key}')
}

const worker = {
  /** `POST /photos`: the jobs of a visitor's photo go to the visitor's object. */
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method !== 'POST' || new URL(request.url).pathname !== '/photos') {
      return new Response('There is nothing here', { status: 404 })
    }
    const photo = photoIn(await request.json())
    const visitor = env.VISITORS.get(env.VISITORS.idFromName(photo.principal))
    return visitor.fetch(request.url, { method: 'POST', body: JSON.stringify(photo) })
  },
}

// biome-ignore lint/style/noDefaultExport: a Worker is what its module exports by default
export default worker
