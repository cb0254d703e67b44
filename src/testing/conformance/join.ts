import type { Joined, Store } from '../../store/contract.ts'
import { assert, rejectsWith, same } from './assert.ts'
import { appendAll, type Cases, draftOf, entryOf, headOf, recorded } from './bench.ts'

/** An application's work in the transaction of an append, for stores that have room for its data. */
export const joinCases: Cases = {
  'joined work is done once, after what was missed is read and before it is decided on': ({ open }) =>
    joining(open(), async (store, join) => {
      const { log } = await headOf(store)
      const other = open()
      await appendAll(other, ['a:1', 'a:2'])
      const order: string[] = []
      const { decide, calls } = recorded(draftOf('b:1', { put: [{ id: 'p', value: 1 }] }))
      const work = async () => void order.push('work')
      const decided: typeof decide = (missed) => {
        order.push('decide')
        return decide(missed)
      }
      same(await join({ log, seq: 0 }, decided, { ...patient, work }), 3, 'the sequence')
      same(order, ['work', 'decide'], 'the order')
      same(calls[0]?.entries, [entryOf(1, 'a:1'), entryOf(2, 'a:2')], 'what was missed')
      same((await other.load()).entries.at(-1), entryOf(3, 'b:1'), 'the entry')
      same(await other.payload('p'), 1, 'the payload')
    }),

  'what joined work, its decision or its wait throws rejects the call unchanged, and nothing is written': ({
    open,
  }) =>
    joining(open(), async (store, join) => {
      const head = await headOf(store)
      const thrown = new Error('no')
      const fail = (): never => {
        throw thrown
      }
      const never = new Promise<void>(() => undefined)
      const calls = [
        () => join(head, () => draftOf('a:1'), { ...patient, work: () => Promise.reject(thrown) }),
        () => join(head, fail, { ...patient, work: async () => undefined }),
        () => join(head, () => draftOf('a:1'), { ...patient, wait: fail, work: () => never }),
      ]
      for (const call of calls) {
        const reason = await call().catch((error: unknown) => error)
        assert(reason === thrown, `the error that was thrown, not ${String(reason)}`)
        same((await open().load()).entries, [], 'the log')
      }
    }),

  'joined work is done alone where nothing is drafted': ({ open }) =>
    joining(open(), async (store, join) => {
      const head = await headOf(store)
      let times = 0
      const work = async () => {
        times += 1
      }
      same(await join(head, () => undefined, { ...patient, work }), undefined, 'the sequence')
      same([times, (await open().load()).entries.length], [1, 0], 'how often, and the log')
    }),

  'joined work is not begun where the log cannot be read on': ({ open }) =>
    joining(open(), async (store, join) => {
      const { log } = await appendAll(store, ['a:1', 'a:2', 'a:3'])
      await store.checkpoint({ log, seq: 2 }, [])
      let times = 0
      const work = async () => {
        times += 1
      }
      const joined = { ...patient, work }
      const draft = () => draftOf('b:1')
      await rejectsWith('log-behind', join({ log, seq: 1 }, draft, joined), 'a position behind the mark')
      await rejectsWith('log-replaced', join({ log: 'other', seq: 3 }, draft, joined), 'another log')
      await store.close()
      await rejectsWith('closed', join({ log, seq: 3 }, draft, joined), 'a closed handle')
      same(times, 0, 'how often the work was begun')
    }),
}

const patient = { stores: [], wait: () => undefined } satisfies Partial<Joined>

/** Where there is no room for an application's data, there is nothing to say. */
async function joining(
  store: Store,
  run: (store: Store, join: NonNullable<Store['join']>) => Promise<void>,
): Promise<void> {
  if (store.join) await run(store, store.join)
}
