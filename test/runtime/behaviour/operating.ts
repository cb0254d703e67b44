import { createQueue, FatalError } from 'holdfast'
import { type Cases, gate } from './bench.ts'
import { assert, eventually, refuses, same } from './expect.ts'

/** What people do with a queue and its jobs. */
export const operatingCases: Cases = {
  'a dead letter is mended, sent back, and completed': async ({ given, keep }) => {
    const keys: string[] = []
    const post = async ({ title }: { title: string }, job: { idempotencyKey: string }) => {
      keys.push(job.idempotencyKey)
      if (title === '') throw new FatalError('Cannot post: it has no title')
      return title
    }
    const queue = keep(createQueue({ ...given(), handlers: { post } }))
    const { id } = await queue.enqueue('post', { title: '' })
    await queue.drain()
    await queue.edit(id, { title: 'A cat' })
    same(await queue.redrive(id), 1, 'how many were sent back')
    await queue.drain()
    same(await queue.result<'post'>(id), 'A cat', 'its result')
    const job = await queue.get(id)
    same([job?.failures.length, job?.errors, new Set(keys).size], [1, 0, 2], 'history, errors and keys')
  },

  'redrive by a filter sends back what it means, and remove takes a dead letter away': async (bench) => {
    let isBroken = true
    const work = async (_: number) => {
      if (isBroken) throw new FatalError('Broken')
    }
    const handlers = { one: work, other: work }
    const queue = bench.keep(createQueue({ ...bench.given(), handlers }))
    await queue.enqueueAll([
      { kind: 'one', payload: 1 },
      { kind: 'one', payload: 2 },
      { kind: 'other', payload: 3 },
    ])
    same((await queue.drain()).dead, 3, 'dead letters')
    isBroken = false
    same(await queue.redrive({ kind: 'one' }), 2, 'how many were sent back')
    same((await queue.drain()).completed, 2, 'completions')
    const { jobs } = await queue.deadLetters()
    const [left] = jobs
    same([jobs.length, left?.kind], [1, 'other'], 'the dead letter that is left')
    await queue.remove(left?.id ?? '')
    same((await queue.deadLetters()).jobs.length, 0, 'dead letters in the end')
    await refuses('not-found', queue.remove(left?.id ?? ''), 'removing it once more')
  },

  'a verb that the state of a job does not allow is refused': async ({ given, keep }) => {
    const [started, release] = [gate(), gate()]
    const work = async () => {
      started.open()
      await release.passed
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const { id } = await queue.enqueue('work')
    await refuses('wrong-state', queue.redrive(id), 'sending back what waits')
    await queue.start()
    await started.passed
    await refuses('wrong-state', queue.remove(id), 'removing what runs')
    await refuses('wrong-state', queue.edit(id, 1), 'editing what runs')
    release.open()
    await queue.result(id)
    await refuses('wrong-state', queue.cancel(id), 'cancelling what is completed')
  },

  'a pause stops all claiming, for everyone who has the queue open, until resume': async ({
    given,
    keep,
  }) => {
    const open = () => keep(createQueue({ ...given(), handlers: { work: async () => 'done' } }))
    const [one, two] = [open(), open()]
    await one.pause()
    await two.start()
    const { id } = await two.enqueue('work')
    same((await two.why(id)).reason, 'paused', 'why it waits')
    assert((await two.info()).paused, 'info to say so')
    same((await one.drain()).completed, 0, 'completions while paused')
    await one.resume()
    same(await two.result<'work'>(id), 'done', 'its result')
  },

  'what a drain tells adds up': async ({ clock, given, keep }) => {
    const work = async (todo: string) => {
      if (todo === 'fail') throw new Error('Not now')
      if (todo === 'die') throw new FatalError('Never')
    }
    const queue = keep(createQueue({ ...given(), handlers: { work } }))
    const todos = ['fine', 'fail', 'die', 'fine', 'die', 'fine']
    await queue.enqueueAll(todos.map((payload) => ({ kind: 'work' as const, payload })))
    const { completed, failed, dead, remaining, stopped, nextAt } = await queue.drain()
    same([completed, failed, dead, remaining, stopped], [3, 3, 2, 1, 'idle'], 'what it tells')
    assert(nextAt !== undefined && nextAt >= clock.now(), 'when it may go on')
  },

  'owners share a queue, and neither see nor run what is not theirs': async ({ given, keep }) => {
    const ran: string[] = []
    const open = (owner: string) => {
      const work = async (of: string) => void ran.push(`${owner} ran ${of}`)
      return keep(createQueue({ ...given({ owner }), handlers: { work } }))
    }
    const [ada, bob] = [open('ada'), open('bob')]
    const { id } = await ada.enqueue('work', 'hers', { dedupeKey: 'd' })
    same((await bob.enqueue('work', 'his', { dedupeKey: 'd' })).outcome, 'created', 'his with the same key')
    same((await bob.list()).jobs.length, 1, 'how many he sees')
    same(await bob.get(id), undefined, 'what he sees of hers')
    await refuses('not-found', bob.cancel(id), 'cancelling hers')
    same((await bob.drain()).completed, 1, 'what he completes')
    same((await ada.drain()).completed, 1, 'what she completes')
    same(ran, ['bob ran his', 'ada ran hers'], 'who ran what')
  },

  'several who have a queue open share its jobs, and run each once': async ({ given, keep }) => {
    const ran: number[] = []
    const [started, release] = [gate(), gate()]
    const work = async (n: number) => {
      if (ran.push(n) === 8) started.open()
      await release.passed
    }
    const open = () => keep(createQueue({ ...given(), handlers: { work } }))
    const [one, two] = [open(), open()]
    await Promise.all([one.start(), two.start()])
    const items = Array.from({ length: 40 }, (_, payload) => ({ kind: 'work' as const, payload }))
    const jobs = await one.enqueueAll(items)
    // Four slots each: only with both are there eight at once.
    await started.passed
    const running = await Promise.all([one.info(), two.info()])
    same(
      running.map(({ worker }) => worker.running),
      [4, 4],
      'how many each runs',
    )
    release.open()
    await Promise.all(jobs.map(({ id }) => two.result(id)))
    same(ran.length, 40, 'how many runs there were')
    same(new Set(ran).size, 40, 'how many jobs those were of')
    await eventually('both to see that', async () => (await one.info()).counts.completed === 40)
  },
}
