import { describe, expectTypeOf, it } from 'vitest'
import {
  createQueue,
  type DeadReason,
  type DrainResult,
  type Failure,
  type HoldCause,
  isQueueError,
  type JobPage,
  type JobView,
  type Json,
  type PayloadIssue,
  type Queue,
  type QueueError,
  type QueueErrorCode,
  type QueueEventName,
  type QueueEvents,
  type StoreState,
  type WhyNot,
} from 'holdfast'
import { assertOk } from 'holdfast/http'
import { type Performed, testQueue } from 'holdfast/testing'

const queue = createQueue({ name: 'types', handlers: { ping: (_: number) => 'pong' } })

describe('a queue', () => {
  it('is a Queue of its kinds', () => {
    expectTypeOf(queue).toEqualTypeOf<
      Queue<{ readonly ping: { readonly payload: number; readonly result: string } }>
    >()
  })

  it('returns what its methods say', () => {
    expectTypeOf(queue.drain).returns.resolves.toEqualTypeOf<DrainResult>()
    expectTypeOf<DrainResult['stopped']>().toEqualTypeOf<'idle' | 'deadline' | 'offline' | 'held'>()
    expectTypeOf(queue.get).returns.resolves.toEqualTypeOf<JobView | undefined>()
    expectTypeOf(queue.list).returns.resolves.toEqualTypeOf<JobPage>()
    expectTypeOf(queue.payload).returns.resolves.toEqualTypeOf<unknown>()
    expectTypeOf(queue.cancel).returns.resolves.toEqualTypeOf<'cancelled' | 'requested'>()
    expectTypeOf(queue.why).returns.resolves.toEqualTypeOf<WhyNot>()
    expectTypeOf(queue.view().getSnapshot).returns.toEqualTypeOf<readonly JobView[]>()
    expectTypeOf(queue.redrive).returns.resolves.toEqualTypeOf<number>()
    void queue.redrive({ kind: 'ping', state: 'cancelled' })
    void queue.list({ state: 'scheduled', after: '5' })
    // @ts-expect-error: a state that is none
    void queue.list({ state: 'waiting' })
    // @ts-expect-error: a cursor is no filter
    queue.view({ after: '5' })
    // @ts-expect-error: an option that is none
    void queue.stop({ grace: 5 })
  })

  it('narrows why by its reason', async () => {
    const why = await queue.why('id')
    if (why.reason === 'behind') expectTypeOf(why.head).toEqualTypeOf<string>()
    if (why.reason === 'scheduled') expectTypeOf(why.availableAt).toEqualTypeOf<number>()
    // @ts-expect-error: not of every reason
    void why.head
  })
})

describe('events', () => {
  it('give their listeners their fields', () => {
    queue.on('completed', ({ id, result }) => {
      expectTypeOf(id).toEqualTypeOf<string>()
      expectTypeOf(result).toEqualTypeOf<Json | undefined>()
    })
    queue.on('dead', ({ reason, failure }) => {
      expectTypeOf(reason).toEqualTypeOf<DeadReason>()
      expectTypeOf(failure).toEqualTypeOf<Failure | undefined>()
    })
    queue.on('held', ({ cause, probeAt }) => {
      expectTypeOf(cause).toEqualTypeOf<HoldCause>()
      expectTypeOf(probeAt).toEqualTypeOf<number | undefined>()
    })
    queue.on('store', ({ state }) => expectTypeOf(state).toEqualTypeOf<StoreState | 'lost'>())
    queue.on('reclaimed', ({ cause }) => expectTypeOf(cause).toEqualTypeOf<'crash' | 'bye' | 'interrupted'>())
    queue.on('ack-rejected', ({ code }) => expectTypeOf(code).toEqualTypeOf<string>())
    expectTypeOf(queue.on('idle', () => undefined)).toEqualTypeOf<() => void>()
    // @ts-expect-error: an event that is none
    queue.on('done', () => undefined)
    // @ts-expect-error: a field that it does not have
    queue.on('idle', ({ id }) => id)
  })

  it('are exactly those of the table', () => {
    expectTypeOf<QueueEventName>().toEqualTypeOf<
      | 'enqueued'
      | 'started'
      | 'progress'
      | 'completed'
      | 'retrying'
      | 'dead'
      | 'cancelled'
      | 'released'
      | 'reclaimed'
      | 'starved'
      | 'held'
      | 'resumed'
      | 'acked'
      | 'ack-rejected'
      | 'idle'
      | 'due'
      | 'store'
      | 'warning'
    >()
    expectTypeOf<QueueEvents['started']>().toEqualTypeOf<
      { readonly id: string; readonly kind: string } & {
        readonly attempt: number
        readonly epoch: number
        readonly worker: string
      }
    >()
  })
})

describe('errors', () => {
  it('are narrowed by isQueueError', () => {
    const error: unknown = undefined
    if (!isQueueError(error)) return
    expectTypeOf(error).toEqualTypeOf<QueueError>()
    expectTypeOf(error.code).toEqualTypeOf<QueueErrorCode>()
    expectTypeOf(error.issues).toEqualTypeOf<readonly PayloadIssue[] | undefined>()
    // @ts-expect-error: a code that is none
    isQueueError(error, 'broken')
  })
})

describe('a job’s context', () => {
  it('takes JSON as progress, and gives its signal to fetch', () => {
    createQueue({
      name: 'types',
      handlers: {
        upload: async (body: Blob, job) => {
          job.progress({ percent: 5 })
          // @ts-expect-error: not JSON
          job.progress(new Map())
          const response = await assertOk(fetch('/photos', { method: 'POST', body, signal: job.signal }))
          return response.headers.get('etag')
        },
      },
    })
  })
})

describe('testQueue', () => {
  it('knows the kinds as createQueue does', () => {
    const kit = testQueue({ handlers: { ping: (_: number) => 'pong' } })
    expectTypeOf(kit.queue).toEqualTypeOf<typeof queue>()
    expectTypeOf(kit.perform).returns.resolves.toEqualTypeOf<Performed>()
    void kit.perform({ kind: 'ping' })
    void kit.assertEnqueued({ kind: 'ping', payload: 5 })
    // @ts-expect-error: no kind of that name
    void kit.perform({ kind: 'pong' })
    // @ts-expect-error: no kind of that name
    void kit.enqueued({ kind: 'pong' })
  })
})
