import { isQueueError } from '../../errors.ts'
import type { Position, Store } from '../../store/contract.ts'
import { assert, rejectsWith, same } from './assert.ts'
import { appendAll, type Cases, draftOf, entryOf, headOf, idsOf } from './bench.ts'

/** Opening, closing, erasing. */
export const lifecycleCases: Cases = {
  'after close every method fails alike with closed, and close does not': async ({ open }) => {
    const store = open()
    const head = await appendAll(store, ['a:1'])
    await store.close()
    await store.close()
    await failsClosed(store, head)
    const { entries, byes } = await open().load()
    same({ entries, byes }, { entries: [entryOf(1, 'a:1')], byes: [] }, 'the log')
  },

  'a handle that was never used closes, and is closed': async ({ open }) => {
    const store = open()
    await store.close()
    await failsClosed(store, { log: 'none', seq: 0 })
  },

  'after destroy every method fails alike with closed, and close does not': async ({ open }) => {
    const store = open()
    const head = await headOf(store)
    await store.destroy()
    await failsClosed(store, head)
    await store.close()
  },

  'a call that waits while its handle closes is answered or rejected with closed': async ({ open }) => {
    await headOf(open())
    const store = open()
    const calls = [store.load(), store.payload('p'), store.leave('worker')]
    await store.close()
    for (const outcome of await Promise.allSettled(calls)) {
      const fine = outcome.status === 'fulfilled' || isQueueError(outcome.reason, 'closed')
      assert(fine, `an answer or closed, not ${String(outcome)}`)
    }
  },

  'closing one handle leaves the others as they were': async ({ open }) => {
    const [store, other] = [open(), open()]
    const head = await headOf(store)
    await other.load()
    await store.close()
    same(await other.commit(head, () => draftOf('a:1')), 1, 'the sequence')
  },

  'destroy erases the log, the pages, the payloads and the byes for every handle': async ({ open }) => {
    const [store, other] = [open(), open()]
    const { log } = await appendAll(store, idsOf('a', 2))
    await store.commit({ log, seq: 2 }, () => draftOf('a:3', { put: [{ id: 'p', value: 1 }] }))
    await store.checkpoint({ log, seq: 2 }, [{ id: '0', body: 'page' }])
    await store.leave('worker')
    await other.load()
    await store.destroy()
    for (const handle of [other, open()]) {
      const snapshot = await handle.load()
      assert(snapshot.log !== log, 'another log id')
      const { mark, pages, entries, byes } = snapshot
      same({ mark, pages, entries, byes }, { mark: 0, pages: [], entries: [], byes: [] }, 'the new log')
      same(await handle.payload('p'), undefined, 'the payload')
    }
  },

  'handles opened at the same time agree on one log': async ({ open }) => {
    const handles = [open(), open(), open(), open(), open()]
    const snapshots = await Promise.all(handles.map((handle) => handle.load()))
    const [first] = snapshots
    assert(first !== undefined && first.log !== '', 'a log with an id')
    for (const snapshot of snapshots) same(snapshot, first, 'the snapshot')
  },

  'the first call of a handle may be any, and waits for the store by itself': async ({ open }) => {
    same(await open().payload('p'), undefined, 'a payload of a new queue')
    await open().leave('worker')
    const { log, byes } = await open().load()
    same(byes, ['worker'], 'the byes')
    same(await open().commit({ log, seq: 0 }, () => draftOf('a:1')), 1, 'the sequence')
    same(await open().checkpoint({ log, seq: 1 }, []), true, 'the checkpoint')
    same(await open().read({ log, seq: 1 }), { entries: [], byes: ['worker'] }, 'what was missed')
  },

  'handles of one queue have one identity, and queues of other names share nothing with it': async (
    bench,
  ) => {
    const [store, sibling, other] = [bench.open(), bench.open(), bench.openOther()]
    same(store.identity, sibling.identity, 'the identity')
    assert(store.identity !== other.identity, 'another identity for another queue')
    const { log } = await headOf(store)
    await store.commit({ log, seq: 0 }, () => draftOf('a:1', { put: [{ id: 'p', value: 1 }] }))
    await store.leave('worker')
    const snapshot = await other.load()
    assert(snapshot.log !== log, 'another log id')
    same({ entries: snapshot.entries, byes: snapshot.byes }, { entries: [], byes: [] }, 'the other queue')
    same(await other.payload('p'), undefined, 'the payload')
    await other.destroy()
    same((await store.load()).entries, [entryOf(1, 'a:1')], 'the log after the other queue is destroyed')
  },

  'what was committed outlives a restart, where the store is durable': async ({ open, reopen }) => {
    const store = open()
    if (!store.durable || reopen === undefined) return
    const { log } = await appendAll(store, idsOf('a', 3))
    const put = [{ id: 'p', value: new Map([['n', 1]]) }]
    await store.commit({ log, seq: 3 }, () => draftOf('a:4', { put, durability: 'strict' }))
    await store.checkpoint({ log, seq: 2 }, [{ id: '0', body: 'page' }])
    await store.leave('worker')
    const before = await store.load()
    await store.close()
    const again = await reopen()
    same(await again.load(), before, 'the snapshot')
    same(await again.payload('p'), new Map([['n', 1]]), 'the payload')
    same(await again.commit({ log, seq: 4 }, () => draftOf('a:5')), 5, 'the next sequence')
  },

  'an estimate, where there is one, is of bytes': async ({ open }) => {
    const estimate = await open().estimate?.()
    if (estimate === undefined) return
    assert(estimate.usage >= 0 && estimate.quota >= 0, 'a usage and a quota')
  },
}

async function failsClosed(store: Store, head: Position): Promise<void> {
  await rejectsWith('closed', store.load(), 'load')
  await rejectsWith('closed', store.read(head), 'read')
  await rejectsWith(
    'closed',
    store.commit(head, () => draftOf('late')),
    'commit',
  )
  await rejectsWith(
    'closed',
    store.commit(head, () => undefined),
    'commit of nothing',
  )
  await rejectsWith(
    'closed',
    store.commit(head, () => draftOf('late'), { fresh: true }),
    'a fresh commit',
  )
  await rejectsWith('closed', store.payload('p'), 'payload')
  await rejectsWith('closed', store.checkpoint(head, []), 'checkpoint')
  await rejectsWith('closed', store.leave('late'), 'leave')
  await rejectsWith('closed', store.destroy(), 'destroy')
  if (store.estimate) await rejectsWith('closed', store.estimate(), 'estimate')
  const subscribing = async () => store.subscribe(() => undefined)
  await rejectsWith('closed', subscribing(), 'subscribe')
}
