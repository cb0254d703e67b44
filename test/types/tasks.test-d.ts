import * as v from 'valibot'
import { describe, expectTypeOf, it } from 'vitest'
import {
  createQueue,
  defineTasks,
  type EnqueueItem,
  type Enqueued,
  type HandlersOf,
  type JobContext,
  type Queue,
  snooze,
  task,
} from 'holdfast'

const name = 'types'
type Photo = { readonly id: string; readonly file: Blob }

describe('tasks with explicit types', () => {
  const tasks = defineTasks({
    upload: task<Photo, { etag: string | null }>({ maxRunning: 3 }),
    ping: task(),
    tag: task<string | undefined>(),
    sweep: task<undefined, number>({ timeoutMs: 1_000 }),
    configured: task({ retry: { maxAttempts: 3 } }),
  })
  const queue = createQueue({ name, tasks })

  it('give each kind its payload', () => {
    const photo: Photo = { id: 'a', file: new Blob() }
    expectTypeOf(queue.enqueue('upload', photo)).resolves.toEqualTypeOf<Enqueued>()
    expectTypeOf(queue.enqueue('upload', photo, { key: 'a', delayMs: 5 })).resolves.toEqualTypeOf<Enqueued>()
    // @ts-expect-error: no kind of that name
    void queue.enqueue('uplaod', photo)
    // @ts-expect-error: the payload is missing
    void queue.enqueue('upload')
    // @ts-expect-error: the payload is of another type
    void queue.enqueue('upload', { id: 5, file: new Blob() })
    // @ts-expect-error: no option of that name
    void queue.enqueue('upload', photo, { delay: 5 })
    // @ts-expect-error: one mode is misspelt
    void queue.enqueue('upload', photo, { dedupeKey: 'a', onDuplicate: 'drop' })
  })

  it('let a payload that may be undefined be left out', () => {
    void queue.enqueue('ping')
    void queue.enqueue('ping', undefined, { key: 'a' })
    void queue.enqueue('sweep')
    void queue.enqueue('configured')
    void queue.enqueue('tag')
    void queue.enqueue('tag', 'text')
    // @ts-expect-error: it takes no payload
    void queue.enqueue('ping', 5)
    // @ts-expect-error: it takes no payload
    void queue.enqueue('configured', 'text')
  })

  it('give each kind its result', () => {
    expectTypeOf(queue.result<'upload'>('id')).resolves.toEqualTypeOf<{ etag: string | null }>()
    expectTypeOf(queue.result<'sweep'>('id')).resolves.toEqualTypeOf<number>()
    expectTypeOf(queue.result<'ping'>('id')).resolves.toEqualTypeOf<unknown>()
    // @ts-expect-error: no kind of that name
    void queue.result<'uplaod'>('id')
    // @ts-expect-error: no kind of that name
    void queue.resume('uplaod')
  })

  it('make items of enqueueAll', () => {
    type Item = typeof queue extends Queue<infer Kinds> ? EnqueueItem<Kinds> : never
    const items: Item[] = [
      { kind: 'upload', payload: { id: 'a', file: new Blob() }, priority: 1 },
      { kind: 'ping', payload: undefined },
    ]
    expectTypeOf(queue.enqueueAll(items)).resolves.toEqualTypeOf<Enqueued[]>()
    // @ts-expect-error: the payload of another kind
    void queue.enqueueAll([{ kind: 'upload', payload: undefined }])
    // @ts-expect-error: no kind of that name
    void queue.enqueueAll([{ kind: 'uplaod', payload: undefined }])
  })

  it('take handlers that fit: any subset of the kinds', () => {
    const fitting: HandlersOf<typeof tasks> = {
      upload: async ({ id, file }, job) => {
        expectTypeOf(id).toEqualTypeOf<string>()
        expectTypeOf(file).toEqualTypeOf<Blob>()
        expectTypeOf(job).toEqualTypeOf<JobContext>()
        return { etag: null }
      },
    }
    createQueue({ name, tasks, handlers: fitting })
    createQueue({ name, tasks, handlers: { sweep: () => snooze(5), upload: { run: () => ({ etag: 'a' }) } } })
    createQueue({
      name,
      tasks,
      handlers: { upload: { run: async () => ({ etag: 'a' }), isDone: ({ id }) => id === '' } },
    })
    // @ts-expect-error: the result is of another type
    createQueue({ name, tasks, handlers: { sweep: () => 'many' } })
    const wrong = (photo: { id: number }) => ({ etag: String(photo.id) })
    // @ts-expect-error: the payload is of another type
    createQueue({ name, tasks, handlers: { upload: wrong } })
    // @ts-expect-error: a handler that runs nothing
    createQueue({ name, tasks, handlers: { upload: { isDone: () => true } } })
  })

  it('check the options of a task', () => {
    // @ts-expect-error: a delivery that is not offered
    task({ delivery: 'exactly-once' })
    // @ts-expect-error: a number is wanted
    task({ timeoutMs: '5s' })
    // @ts-expect-error: a backoff that is not offered
    task({ retry: { backoff: 'random' } })
    // @ts-expect-error: not made by task()
    defineTasks({ upload: { maxRunning: 3 } })
  })
})

describe('tasks with schemas', () => {
  const input = v.object({
    at: v.pipe(
      v.string(),
      v.transform((text) => new Date(text)),
    ),
    note: v.optional(v.string()),
  })
  const tasks = defineTasks({ remind: task({ input }), plain: task({ input: v.string() }) })

  it('take the input at enqueue, and hand the output to the handler', () => {
    const queue = createQueue({
      name,
      tasks,
      handlers: {
        remind: ({ at, note }) => {
          expectTypeOf(at).toEqualTypeOf<Date>()
          expectTypeOf(note).toEqualTypeOf<string | undefined>()
        },
        plain: (text) => expectTypeOf(text).toEqualTypeOf<string>(),
      },
    })
    void queue.enqueue('remind', { at: '2026-01-01' })
    void queue.enqueue('plain', 'text')
    // @ts-expect-error: that is the output
    void queue.enqueue('remind', { at: new Date() })
    // @ts-expect-error: the payload is missing
    void queue.enqueue('plain')
    // @ts-expect-error: the output is no string
    createQueue({ name, tasks, handlers: { remind: ({ at }: { at: string }) => at } })
  })
})

describe('handlers without tasks', () => {
  const queue = createQueue({
    name,
    handlers: {
      upload: async ({ id }: Photo) => ({ id }),
      poll: (_: { url: string }) => (Math.random() > 0.5 ? snooze(1_000) : 'done'),
      tidy: () => undefined,
      greet: { run: (who: string, job: JobContext) => `${who} ${job.attempt}`, isDone: async () => false },
    },
  })

  it('imply payloads and results, snoozes aside', () => {
    void queue.enqueue('upload', { id: 'a', file: new Blob() })
    void queue.enqueue('tidy')
    void queue.enqueue('greet', 'Ada')
    expectTypeOf(queue.result<'upload'>('id')).resolves.toEqualTypeOf<{ id: string }>()
    expectTypeOf(queue.result<'poll'>('id')).resolves.toEqualTypeOf<'done'>()
    expectTypeOf(queue.result<'greet'>('id')).resolves.toEqualTypeOf<string>()
    // @ts-expect-error: the payload is of another type
    void queue.enqueue('greet', 5)
    // @ts-expect-error: the payload is missing
    void queue.enqueue('upload')
    // @ts-expect-error: it takes no payload
    void queue.enqueue('tidy', 5)
    // @ts-expect-error: no kind of that name
    void queue.enqueue('unknown', 5)
  })

  it('have to be there, if tasks are not', () => {
    // @ts-expect-error: neither tasks nor handlers
    createQueue({ name })
    // @ts-expect-error: no name
    createQueue({ handlers: { tidy: () => undefined } })
    // @ts-expect-error: no function
    createQueue({ name, handlers: { tidy: 5 } })
  })
})
