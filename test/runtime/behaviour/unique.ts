import { createQueue } from 'holdfast'
import { type Cases, gate } from './bench.ts'
import { eventually, same } from './expect.ts'

/** What a dedupe key does. */
export const uniqueCases: Cases = {
  'a second job of one dedupe key is a duplicate, and the first one stands': async ({ given, keep }) => {
    const said: string[] = []
    const handlers = { say: async (word: string) => void said.push(word) }
    const queue = keep(createQueue({ ...given(), handlers }))
    const first = await queue.enqueue('say', 'one', { dedupeKey: 'd' })
    const second = await queue.enqueue('say', 'two', { dedupeKey: 'd' })
    same([second.outcome, second.id], ['duplicate', first.id], 'the second')
    await queue.drain()
    same(said, ['one'], 'what was said')
    same((await queue.enqueue('say', 'three', { dedupeKey: 'd' })).outcome, 'created', 'one after the finish')
  },

  'replace gives the waiting job the newer payload, and another idempotency key': async ({ given, keep }) => {
    const said: string[] = []
    const handlers = {
      say: async (word: string, job: { idempotencyKey: string }) => void said.push(word, job.idempotencyKey),
    }
    const queue = keep(createQueue({ ...given(), handlers }))
    const options = { dedupeKey: 'd', onDuplicate: 'replace', delayMs: 0 } as const
    const first = await queue.enqueue('say', 'old', options)
    const second = await queue.enqueue('say', 'new', options)
    same([second.outcome, second.id], ['replaced', first.id], 'the second')
    await queue.drain()
    same([said.length, said[0]], [2, 'new'], 'what was said')
  },

  'debounce starts the wait anew, up to its most': async ({ clock, given, keep }) => {
    const said: number[] = []
    const handlers = { save: async (draft: number) => void said.push(draft) }
    const queue = keep(createQueue({ ...given(), handlers }))
    const save = (draft: number) =>
      queue.enqueue('save', draft, {
        ...{ dedupeKey: 'd', onDuplicate: 'debounce', delayMs: 1_000, debounceMaxMs: 2_500 },
      })
    same((await save(1)).outcome, 'created', 'the first')
    clock.advance(900)
    same((await save(2)).outcome, 'debounced', 'the second')
    clock.advance(900)
    same((await queue.drain()).completed, 0, 'completions after 1.8 s')
    await save(3)
    clock.advance(700)
    same((await queue.drain()).completed, 1, 'completions after 2.5 s')
    same(said, [3], 'what was saved')
  },

  'queue-one lets one job follow the one that runs': async ({ given, keep }) => {
    const [started, release] = [gate(), gate()]
    const synced: number[] = []
    const sync = async (n: number) => {
      started.open()
      await release.passed
      synced.push(n)
    }
    const queue = keep(createQueue({ ...given(), handlers: { sync } }))
    const options = { dedupeKey: 'd', onDuplicate: 'queue-one' } as const
    await queue.start()
    await queue.enqueue('sync', 1, options)
    await started.passed
    const second = await queue.enqueue('sync', 2, options)
    const third = await queue.enqueue('sync', 3, options)
    same([second.outcome, third.outcome], ['queued', 'duplicate'], 'the outcomes')
    same((await queue.why(second.id)).reason, 'behind', 'why the second waits')
    release.open()
    await queue.result(second.id)
    same(synced, [1, 2], 'what was synced')
  },

  'dedupeMs takes the key for its time, also from what is finished': async ({ clock, given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { ping: () => null } }))
    const ping = () => queue.enqueue('ping', undefined, { dedupeKey: 'd', dedupeMs: 10_000 })
    await ping()
    await queue.drain()
    same((await ping()).outcome, 'duplicate', 'one within the time')
    clock.advance(10_001)
    await eventually('one after the time', async () => (await ping()).outcome === 'created')
  },
}
