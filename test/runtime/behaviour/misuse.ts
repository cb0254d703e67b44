import { createQueue, defineTasks, task } from 'holdfast'
import type { Cases } from './bench.ts'
import { misused, refuses, same } from './expect.ts'

/** Mistakes, and what they are answered with. */
export const misuseCases: Cases = {
  'an unknown kind is refused, and the known ones named': async ({ given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { mail: () => null, call: () => null } }))
    // @ts-expect-error there is no such kind
    await misused('TypeError', /mial.*mail.*call/, () => queue.enqueue('mial'))
  },

  'a misspelt option, text for a number and options that exclude each other are refused': async (bench) => {
    const handlers = { mail: async (_: number) => null }
    const queue = bench.keep(createQueue({ ...bench.given(), handlers }))
    // @ts-expect-error it is spelt delayMs
    await misused('TypeError', /delay.*no such option/, () => queue.enqueue('mail', 1, { delay: 5 }))
    await misused('RangeError', /delayMs.*-1/, () => queue.enqueue('mail', 1, { delayMs: -1 }))
    const both = { delayMs: 1, availableAt: 1 }
    await misused('TypeError', /delayMs and availableAt/, () => queue.enqueue('mail', 1, both))
    await misused('TypeError', /dedupeKey/, () => queue.enqueue('mail', 1, { onDuplicate: 'replace' }))
    // @ts-expect-error it is spelt concurrency
    const misspelt = () => createQueue({ ...bench.given(), handlers, worker: { concurency: 1 } })
    await misused('TypeError', /concurency.*no such option/, misspelt)
    await misused('TypeError', /name/, () => createQueue({ ...bench.given({ name: '' }), handlers }))
    same((await queue.info()).counts.pending, 0, 'jobs after all that')
  },

  'what there is not is not found': async ({ given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { mail: () => null } }))
    same(await queue.get('nobody'), undefined, 'a job that there is not')
    await refuses('not-found', queue.payload('nobody'), 'its payload')
    await refuses('not-found', queue.why('nobody'), 'why it does not run')
    await refuses('not-found', queue.cancel('nobody'), 'cancelling it')
    await refuses('not-found', queue.result('nobody'), 'its result')
  },

  'two that open a queue and contradict each other about a kind are told so': async ({ given, keep }) => {
    const of = (maxRunning: number) => defineTasks({ mail: task({ maxRunning }) })
    const first = keep(createQueue({ ...given(), tasks: of(1), handlers: { mail: () => null } }))
    await first.enqueue('mail')
    const { durable } = await first.enqueue('mail')
    // An object's storage is its own: nobody else in it has the queue open, and what was evicted is not looked at.
    const isExclusive = given().store?.('any').exclusive === true
    if (isExclusive) return same(durable, true, 'whether such a store is durable')
    await misused('TypeError', /maxRunning/, () => createQueue({ ...given(), tasks: of(2) }))
  },
}
