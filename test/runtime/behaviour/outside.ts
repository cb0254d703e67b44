import { createQueue, type JobContext, type Queue } from 'holdfast'
import { assertOk } from 'holdfast/http'
import { type Ack, createReceiver, memoryAcks, type Receiver, RejectAck } from 'holdfast/receiver'
import type { Bench, Cases } from './bench.ts'
import { eventually, same } from './expect.ts'

const url = 'https://server.example/acks'

/** Holds, and acknowledgements to a receiver in this very process. */
export const outsideCases: Cases = {
  'a server that is down holds the kind, one job probes, and nothing is killed': async (bench) => {
    const { clock, given, keep } = bench
    let isDown = true
    let calls = 0
    const handlers = {
      post: async (_: number) => {
        calls += 1
        const headers = { 'retry-after': '30' }
        await assertOk(isDown ? new Response('Down', { status: 503, headers }) : new Response('Up'))
      },
    }
    const queue = keep(createQueue({ ...given(), handlers, worker: { concurrency: 1 } }))
    const items = Array.from({ length: 5 }, (_, payload) => ({ kind: 'post' as const, payload }))
    await queue.enqueueAll(items)
    const { stopped, remaining } = await queue.drain()
    same([stopped, remaining, calls], ['held', 5, 1], 'the drain, and calls')
    const [hold] = (await queue.info()).holds
    same([hold?.kind, hold?.cause, hold?.probeAt], ['post', 'unavailable', clock.now() + 30_000], 'the hold')
    clock.advance(30_000)
    await queue.drain()
    same(calls, 2, 'calls after one probe')
    isDown = false
    clock.advance(86_400_000)
    await queue.drain()
    const { counts, holds } = await queue.info()
    same([counts.completed, counts.dead, holds.length], [5, 0, 0], 'completed, dead, and holds')
    const charged = (await queue.list()).jobs.flatMap(({ failures }) =>
      failures.filter((each) => each.charged),
    )
    same(charged.length, 1, 'how many failures were charged')
  },

  'a login that ran out holds the kind until resume': async ({ clock, given, keep }) => {
    let isSignedIn = false
    const post = async () => void (await assertOk(new Response(null, { status: isSignedIn ? 204 : 401 })))
    const queue = keep(createQueue({ ...given(), handlers: { post } }))
    const { id } = await queue.enqueue('post')
    same((await queue.drain()).stopped, 'held', 'how the drain stopped')
    clock.advance(86_400_000)
    same((await queue.drain()).completed, 0, 'completions a day later')
    same(await queue.why(id), { reason: 'held', cause: 'unauthorized', until: 'resume' }, 'why it waits')
    isSignedIn = true
    await queue.resume('post')
    same((await queue.drain()).completed, 1, 'completions after resume')
  },

  'an answer that is final makes a dead letter with its status': async ({ given, keep }) => {
    const post = async () => void (await assertOk(new Response('No such thing', { status: 422 })))
    const queue = keep(createQueue({ ...given(), handlers: { post } }))
    const { id } = await queue.enqueue('post')
    await queue.drain()
    const job = await queue.get(id)
    same([job?.reason, job?.failures[0]?.status], ['fatal', 422], 'the dead letter')
  },

  'every finish is told to the server once, in order and without a gap': async (bench) => {
    const { acks, receive } = server()
    const queue = telling(bench, receive)
    const todos = Array.from({ length: 60 }, (_, n) => (n % 10 === 7 ? 'refuse' : `job ${n}`))
    await queue.enqueueAll(todos.map((payload) => ({ kind: 'work' as const, payload })))
    await queue.drain()
    await queue.flush()
    same(
      acks.map(({ sequence }) => sequence),
      todos.map((_, n) => n + 1),
      'the sequence',
    )
    same(new Set(acks.map(({ subject }) => subject)).size, 60, 'how many jobs were told of')
    const { jobs } = await queue.list({ limit: 100 })
    same(new Set(jobs.map(({ ack }) => ack)), new Set(['acked']), 'what became of them')
    same((await queue.info()).sync?.unsent, 0, 'what is left to tell')
  },

  'an answer that was lost is asked for again, and nothing takes effect twice': async (bench) => {
    const { acks, receive } = server()
    let lost = 3
    const queue = telling(bench, async (request) => {
      const answer = await receive(request)
      lost -= 1
      if (lost >= 0) throw new TypeError('The network is gone')
      return answer
    })
    await queue.enqueueAll(['a', 'b', 'c'].map((payload) => ({ kind: 'work' as const, payload })))
    const unsent = async () => (await queue.info()).sync?.unsent
    await queue.start()
    const isTold = async () => lost < 0 && (await unsent()) === 0
    await eventually('all to be told', isTold, () => bench.clock.advance(1_000))
    same(
      acks.map(({ sequence }) => sequence),
      [1, 2, 3],
      'what took effect',
    )
  },

  'what the server refuses for good is kept, and listed': async (bench) => {
    const { receive } = server((ack) => {
      if (ack.sequence === 2) throw new RejectAck('unknown-kind', 'It is not known here')
    })
    const queue = telling(bench, receive)
    const refused: unknown[] = []
    queue.on('ack-rejected', ({ sequence, code }) => refused.push([sequence, code]))
    await queue.enqueueAll(['a', 'b', 'c'].map((payload) => ({ kind: 'work' as const, payload })))
    await queue.drain()
    await queue.flush()
    const rejected = await queue.rejectedAcks()
    same(
      rejected.map(({ sequence, code }) => [sequence, code]),
      [[2, 'unknown-kind']],
      'the refused',
    )
    same(refused, [[2, 'unknown-kind']], 'what was told')
  },
}

/** A server with its receiver, and what it was told. */
function server(look: (ack: Ack) => void = () => undefined): { acks: Ack[]; receive: Receiver } {
  const acks: Ack[] = []
  const onAck = (ack: Ack) => {
    look(ack)
    acks.push(ack)
  }
  return { acks, receive: createReceiver({ store: memoryAcks(), authenticate: () => 'me', onAck }) }
}

type Words = { readonly work: { readonly payload: string; readonly result: string } }

/** A queue that tells a server of its finishes. */
function telling({ given, keep }: Bench, receive: Receiver): Queue<Words> {
  const sync = { url, fetch: (to: string, init: RequestInit) => receive(new Request(to, init)) }
  const work = async (todo: string, _: JobContext) => {
    if (todo === 'refuse') await assertOk(new Response(null, { status: 422 }))
    return todo
  }
  return keep(createQueue({ ...given({ sync }), handlers: { work } }))
}
