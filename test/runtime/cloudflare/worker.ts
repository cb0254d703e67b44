/** A Worker and its Durable Objects, as a user would write them; with what the tests want to see and do besides. */
import { createQueue, defineTasks, memoryStore, type Queue, task } from 'holdfast'
import {
  attach,
  type CloudflareHost,
  type DurableObjectContext,
  type DurableObjectStorage,
  durableObjectStore,
  type ObjectNamespace,
  shardStub,
  shardStubs,
  sumInfo,
} from 'holdfast/cloudflare'
import { assertOk } from 'holdfast/http'

/** What the platform gives an object, as far as it is used here. */
interface Context extends DurableObjectContext {
  readonly storage: DurableObjectStorage &
    DurableObjectContext['storage'] & { getAlarm(): Promise<number | null>; sync(): Promise<void> }
  abort(reason: string): void
}

interface Service {
  fetch(url: string, init?: RequestInit): Promise<Response>
}

interface Env {
  readonly API: Service
  readonly OBJECT: ObjectNamespace<unknown, Service>
}

const retry = { baseMs: 5, capMs: 20 }
const tasks = defineTasks({
  /** A request to the API, which decides how it goes. */
  call: task<{ no: number }>({ retry }),
  /** Throws at its first attempt. */
  flaky: task<{ no: number }>({ retry }),
})

/** The timers that are set and neither ran nor were cleared, since the object was last made. */
const timers = new Set<ReturnType<typeof setTimeout>>()
const { setTimeout: set, clearTimeout: clear } = globalThis
Object.assign(globalThis, {
  setTimeout(callback: () => void, ms?: number) {
    const timer = set(() => {
      timers.delete(timer)
      callback()
    }, ms)
    timers.add(timer)
    return timer
  },
  clearTimeout(timer: ReturnType<typeof setTimeout>) {
    timers.delete(timer)
    clear(timer)
  },
})

/** An item to enqueue, as the tests send it. */
export interface Item {
  readonly kind: 'call' | 'flaky'
  readonly payload: { readonly no: number }
  readonly key?: string
  readonly delayMs?: number
}

/** What an object tells of itself. */
export interface ObjectState {
  readonly alarmAt: number | null
  readonly timers: number
  readonly appAlarms: number
}

export class Mailer {
  readonly #ctx: Context
  readonly #queues: { readonly mail: Queue<MailKinds>; readonly bills: Queue<MailKinds> }
  readonly #host: CloudflareHost
  /** When the application itself wants the alarm. */
  #appAlarmAt: number | undefined
  #appAlarms = 0

  constructor(ctx: Context, { API }: Env) {
    this.#ctx = ctx
    timers.clear()
    const open = (name: string) =>
      createQueue({
        name,
        tasks,
        store: durableObjectStore(ctx.storage),
        handlers: {
          call: async ({ no }, job) => {
            const headers = { 'Idempotency-Key': job.idempotencyKey }
            const url = `https://api.example/calls/${no}`
            await assertOk(API.fetch(url, { method: 'POST', headers, signal: job.signal }))
          },
          flaky: async ({ no }, job) => {
            if (job.attempt === 1) throw new Error('Not at the first attempt')
            await API.fetch(`https://api.example/calls/${no}`, { method: 'POST' })
          },
        },
        sync: { url: 'https://api.example/acks', fetch: (url, init) => API.fetch(url, init), lingerMs: 20 },
        worker: { concurrency: 8 },
        retention: { finishedCount: 10_000 },
      })
    this.#queues = { mail: open('mail'), bills: open('bills') }
    const options = { deadlineMs: 500, alarmAt: () => this.#appAlarmAt }
    this.#host = attach(this.#queues.mail, ctx, options)
    attach(this.#queues.bills, ctx, options)
  }

  async alarm(info: { readonly retryCount: number; readonly isRetry: boolean }): Promise<void> {
    if (this.#appAlarmAt !== undefined && this.#appAlarmAt <= Date.now()) {
      this.#appAlarms++
      this.#appAlarmAt = undefined
    }
    await this.#host.alarm(info)
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const queue = this.#queues[searchParams.get('queue') === 'bills' ? 'bills' : 'mail']
    const { storage } = this.#ctx
    switch (pathname) {
      case '/enqueue':
        return Response.json(await queue.enqueueAll(await itemsOf(request)))
      case '/enqueue-and-die':
        await queue.enqueueAll(await itemsOf(request))
        // Committed, as it is when a caller hears of it; and not a moment later.
        await storage.sync()
        return this.#die()
      case '/die':
        return this.#die()
      case '/info':
        return Response.json(await queue.info())
      case '/list':
        return Response.json(await queue.list({ limit: 10_000 }))
      case '/state':
        return Response.json({
          alarmAt: await storage.getAlarm(),
          timers: timers.size,
          appAlarms: this.#appAlarms,
        } satisfies ObjectState)
      case '/app-alarm':
        this.#appAlarmAt = Number(searchParams.get('at'))
        await this.#host.rearm()
        return new Response()
      case '/wake':
        await this.#host.scheduled()
        return new Response()
      case '/disarm':
        await storage.deleteAlarm()
        return new Response()
      case '/sql':
        storage.sql.exec(await request.text())
        return new Response()
      default:
        return new Response(null, { status: 404 })
    }
  }

  #die(): never {
    this.#ctx.abort('Evicted')
    throw new Error('Evicted')
  }
}

type MailKinds = ReturnType<typeof kindsOf>
declare const kindsOf: () => typeof tasks extends Readonly<Record<infer Kind extends string, unknown>>
  ? { readonly [K in Kind]: { readonly payload: { no: number }; readonly result: unknown } }
  : never

// What the sender of a request says; these are the tests.
const itemsOf = async (request: Request): Promise<Item[]> => (await request.json()) as Item[]

const shards = { prefix: 'mail', shards: 4 }

/** Without an object there is only memory. */
const inMemory = createQueue({
  name: 'mail',
  store: memoryStore(),
  handlers: { call: async (no: number) => void (await fetch(`https://api.example/calls/${no}`)) },
})

const worker = {
  async fetch(request: Request, env: Env, ctx: DurableObjectContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, first, ...rest] = pathname.split('/')
    const url = `https://object.example/${rest.join('/')}?${searchParams}`
    const body = request.method === 'POST' ? await request.text() : undefined
    const forward = (stub: Service): Promise<Response> =>
      stub.fetch(url, body === undefined ? {} : { method: 'POST', body })
    switch (first) {
      case 'object':
        return forward(env.OBJECT.get(env.OBJECT.idFromName('one')))
      case 'later':
        // Answers at once; the object takes it in meanwhile.
        ctx.waitUntil(forward(env.OBJECT.get(env.OBJECT.idFromName('one'))))
        return new Response(null, { status: 202 })
      case 'shard':
        return forward(shardStub(env.OBJECT, { ...shards, key: searchParams.get('key') ?? '' }))
      case 'sum': {
        const infos = await Promise.all(shardStubs(env.OBJECT, shards).map(forward))
        return Response.json(sumInfo(await Promise.all(infos.map((info) => info.json()))))
      }
      case 'each': {
        const answers = await Promise.all(shardStubs(env.OBJECT, shards).map(forward))
        return Response.json(await Promise.all(answers.map((answer) => answer.json())))
      }
      case 'memory':
        return this.inMemory(ctx)
      default:
        return new Response(null, { status: 404 })
    }
  },

  async inMemory(ctx: DurableObjectContext): Promise<Response> {
    const { durable } = await inMemory.enqueue('call', 9_000)
    ctx.waitUntil(inMemory.drain({ deadlineMs: 20_000 }))
    return Response.json({ durable })
  },

  async scheduled(_controller: unknown, env: Env): Promise<void> {
    await env.OBJECT.get(env.OBJECT.idFromName('one')).fetch('https://object.example/wake')
  },
}

// biome-ignore lint/style/noDefaultExport: a Worker is what its module exports by default
export default worker
