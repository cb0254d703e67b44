import { createQueue, FatalError, isQueueError, type JobContext } from 'holdfast'
import { manualClock } from 'holdfast/testing'
import { type Cases, gate } from './bench.ts'
import { assert, eventually, refuses, same } from './expect.ts'

/** Closing, opening again, crashing, and the end. */
export const lifeCases: Cases = {
  'what was taken in outlives a restart, in whatever state': async ({ given, keep, reopen }) => {
    const handlers = {
      work: async (todo: string) => {
        if (todo === 'die') throw new FatalError('No')
        return todo
      },
      see: async ({ bytes }: { bytes: Uint8Array }) => bytes.length,
    }
    const first = createQueue({ ...given(), handlers })
    const { durable } = await first.enqueue('work', 'fine')
    await first.enqueue('work', 'die')
    await first.drain()
    const late = await first.enqueue('work', 'late', { delayMs: 60_000 })
    const large = await first.enqueue('see', { bytes: new Uint8Array(3_000_000) })
    await first.close()
    same(durable, reopen !== undefined, 'whether it says that it is durable')
    if (reopen === undefined) return
    const queue = keep(createQueue({ ...given({ store: reopen() }), handlers }))
    const { counts } = await queue.info()
    const { pending, completed, dead } = counts
    same([pending, completed, dead], [2, 1, 1], 'what is there')
    same((await queue.why(late.id)).reason, 'scheduled', 'why one of them waits')
    same((await queue.drain()).completed, 1, 'what a drain completes')
    same(await queue.result<'see'>(large.id), 3_000_000, 'the length of its payload')
  },

  'a log of thousands of events is opened again from its checkpoint': async ({ given, keep, reopen }) => {
    const handlers = { work: async (_: { n: number; text: string }) => null }
    const retention = { finishedMs: 0, finishedCount: 0 }
    const first = createQueue({ ...given({ retention }), handlers })
    const ran = 1_500
    const text = 'x'.repeat(800)
    const items = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ kind: 'work' as const, payload: { n, text } }))
    await first.enqueueAll(items(ran))
    same((await first.drain()).completed, ran, 'completions')
    await first.enqueueAll(items(2_000).map((item) => ({ ...item, delayMs: 1_000 })))
    await first.enqueueAll(items(10))
    if (reopen) await first.close()
    const queue = reopen
      ? keep(createQueue({ ...given({ store: reopen(), retention }), handlers }))
      : keep(first)
    const { counts } = await queue.info()
    same([counts.pending, counts.scheduled], [2_010, 2_000], 'what is there')
    same((await queue.drain()).completed, 10, 'what a drain completes')
  },

  'the jobs of one that vanished are taken back and completed by another': async (bench) => {
    const { clock, given, keep, atEnd, reopen } = bench
    const [started, release] = [gate(), gate()]
    atEnd(() => release.open())
    const crash = async (_: undefined, job: JobContext) => {
      if (job.attempt === 1) {
        started.open()
        await release.passed
      }
      return job.attempt
    }
    // A clock of its own, which stops with it: nothing more is heard of this context.
    const gone = keep(createQueue({ ...given({ clock: manualClock() }), handlers: { crash } }))
    const { id } = await gone.enqueue('crash', undefined)
    await gone.start()
    await started.passed
    const queue = keep(createQueue({ ...given(reopen && { store: reopen() }), handlers: { crash } }))
    const lost: string[] = []
    queue.on('reclaimed', (event) => lost.push(event.id))
    await queue.start()
    const isOver = async () => (await queue.get(id))?.state === 'completed'
    await eventually('another to complete it', isOver, () => clock.advance(20_000))
    same(await queue.result<'crash'>(id), 2, 'the attempt that completed it')
    same((await queue.get(id))?.errors, 0, 'errors charged')
  },

  'one that leaves gives its jobs to the others at once': async ({ given, keep, clock }) => {
    const [started, release] = [gate(), gate()]
    const work = async (_: undefined, job: JobContext) => {
      if (job.attempt > 1) return 'done'
      started.open()
      return release.passed
    }
    const open = () => keep(createQueue({ ...given(), handlers: { work } }))
    const leaving = open()
    const { id } = await leaving.enqueue('work', undefined)
    await leaving.start()
    await started.passed
    const staying = open()
    await staying.start()
    await leaving.leave()
    const isOver = async () => (await staying.get(id))?.state === 'completed'
    await eventually('the other to run it', isOver, () => clock.advance(10))
    assert(clock.monotonic() < 30_000, 'no lease to run out first')
    release.open()
  },

  'a closed queue refuses every call with one code, and closing twice is fine': async ({ given }) => {
    const queue = createQueue({ ...given(), handlers: { work: () => null } })
    const { id } = await queue.enqueue('work')
    await queue.close()
    await queue.close()
    const calls = [() => queue.enqueue('work'), () => queue.get(id), () => queue.info(), () => queue.drain()]
    for (const call of calls) await refuses('closed', call(), 'a call on a closed queue')
  },

  'close ends what still waits for a result': async ({ given }) => {
    const queue = createQueue({ ...given(), handlers: { work: () => null } })
    const { id } = await queue.enqueue('work', undefined, { delayMs: 1_000 })
    const waiting = queue.result(id).catch((error: unknown) => isQueueError(error) && error.code)
    await queue.close()
    same(await waiting, 'closed', 'how it ends')
  },

  'destroy refuses while something is unfinished, and else leaves nothing': async ({ given, keep }) => {
    const handlers = { work: async (_: Uint8Array) => null }
    const queue = keep(createQueue({ ...given(), handlers }))
    await queue.enqueue('work', new Uint8Array(2_000))
    await refuses('unsent', queue.destroy(), 'destroying it now')
    same((await queue.info()).counts.pending, 1, 'what is there after the refusal')
    await queue.drain()
    await queue.destroy()
    const next = keep(createQueue({ ...given(), handlers }))
    same((await next.list()).jobs, [], 'what the next one finds')
  },
}
