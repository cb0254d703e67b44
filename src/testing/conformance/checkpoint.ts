import { assert, rejectsWith, same } from './assert.ts'
import { appendAll, type Cases, draftOf, entryOf, headOf, idsOf, recorded } from './bench.ts'

/** What `checkpoint` does to the log, and what `load` makes of it. */
export const checkpointCases: Cases = {
  'after a checkpoint a load gives the pages and the rest of the log': async ({ open }) => {
    const [store, other] = [open(), open()]
    const { log } = await appendAll(store, idsOf('a', 5))
    const pages = [
      { id: '0', body: 'zero' },
      { id: '1', body: 'one é' },
    ]
    same(await store.checkpoint({ log, seq: 3 }, pages), true, 'the checkpoint')
    const snapshot = await other.load()
    same(sorted(snapshot.pages), pages, 'the pages')
    same({ log: snapshot.log, mark: snapshot.mark }, { log, mark: 3 }, 'the mark')
    same(snapshot.entries, [entryOf(4, 'a:4'), entryOf(5, 'a:5')], 'the rest')
    same((await other.read({ log, seq: 3 })).entries, snapshot.entries, 'what is read at the mark')
    await rejectsWith('log-behind', other.read({ log, seq: 2 }), 'a read before the mark')
  },

  'a checkpoint replaces the pages given, removes the empty ones and keeps the others': async ({ open }) => {
    const store = open()
    const { log } = await appendAll(store, idsOf('a', 2))
    const pages = [
      { id: '0', body: 'old' },
      { id: '1', body: 'removed' },
      { id: '2', body: 'kept' },
    ]
    await store.checkpoint({ log, seq: 1 }, pages)
    const changes = [
      { id: '0', body: 'new' },
      { id: '1', body: '' },
      { id: '3', body: '' },
    ]
    same(await store.checkpoint({ log, seq: 2 }, changes), true, 'the second checkpoint')
    const expected = [
      { id: '0', body: 'new' },
      { id: '2', body: 'kept' },
    ]
    same(sorted((await open().load()).pages), expected, 'the pages')
  },

  'what a checkpoint leaves of the log can be read on from, and is not loaded': async ({ open }) => {
    const [store, other] = [open(), open()]
    const { log } = await appendAll(store, idsOf('a', 5))
    same(await store.checkpoint({ log, seq: 4 }, [], 2), true, 'the checkpoint')
    const snapshot = await other.load()
    same(snapshot.mark, 4, 'the mark')
    same(snapshot.entries, [entryOf(5, 'a:5')], 'what is loaded')
    const left = [entryOf(3, 'a:3'), entryOf(4, 'a:4'), entryOf(5, 'a:5')]
    same((await other.read({ log, seq: 2 })).entries, left, 'what is read at the floor')
    same((await other.read({ log, seq: 3 })).entries, left.slice(1), 'what is read above it')
    await rejectsWith('log-behind', other.read({ log, seq: 1 }), 'a read before the floor')
    const missed: string[] = []
    const seq = await other.commit({ log, seq: 3 }, ({ entries }) => {
      missed.push(...entries.map(({ id }) => id))
      return draftOf('b:1')
    })
    if (seq === undefined) throw new Error('Expected a sequence, commit resolved to undefined')
    assert(seq === 6 || seq === 7, `the next sequence, or the one after a refused draft's, got ${seq}`)
    same(missed, ['a:4', 'a:5'], 'what a commit from above the floor is told')
    same(await store.checkpoint({ log, seq: 3 }, []), false, 'a checkpoint between the floor and the mark')
    same(await store.checkpoint({ log, seq }, [], seq + 3), true, 'a checkpoint with a floor above it')
    same((await open().load()).entries, [], 'what is loaded then')
    same(await headOf(open()), { log, seq }, 'the head')
  },

  'a checkpoint at or before the mark, or of another log, does nothing': async ({ open }) => {
    const store = open()
    const { log } = await appendAll(store, idsOf('a', 5))
    await store.checkpoint({ log, seq: 3 }, [{ id: '0', body: 'newer' }])
    const before = await store.load()
    const stale = [{ id: '0', body: 'stale' }]
    same(await store.checkpoint({ log, seq: 2 }, stale), false, 'one before the mark')
    same(await store.checkpoint({ log, seq: 3 }, stale), false, 'one at the mark')
    same(await store.checkpoint({ log: 'another', seq: 5 }, stale), false, 'one of another log')
    same(await store.load(), before, 'the snapshot')
  },

  'a checkpoint ahead of the head does nothing, also at a sequence that a refused draft used up': async ({
    open,
  }) => {
    const [store, other] = [open(), open()]
    const { log, seq } = await headOf(store)
    await store.commit({ log, seq }, () => draftOf('a:1'))
    const { decide } = recorded(draftOf('b:1'), undefined)
    same(await other.commit({ log, seq }, decide), undefined, 'a draft that is refused, and then given up')
    const ahead = [{ id: '0', body: 'ahead' }]
    same(await store.checkpoint({ log, seq: 2 }, ahead), false, 'one where the refused draft was')
    same(await store.checkpoint({ log, seq: 3 }, ahead), false, 'one behind it')
    const { mark, pages, entries } = await store.load()
    same({ mark, pages, entries }, { mark: 0, pages: [], entries: [entryOf(1, 'a:1')] }, 'the snapshot')
  },

  'truncation moves neither the head nor the next sequence, also for who opens the log after it': async ({
    open,
  }) => {
    const store = open()
    const head = await appendAll(store, idsOf('a', 4))
    same(await store.checkpoint(head, []), true, 'the checkpoint')
    same(await headOf(store), head, 'the head')
    same((await store.load()).entries, [], 'the log')
    await store.close()
    const next = open()
    same(await headOf(next), head, 'the head, reopened')
    same(await next.commit(head, () => draftOf('b:1')), 5, 'the next sequence')
  },

  'payloads and byes outlive the checkpoint': async ({ open }) => {
    const store = open()
    const { log } = await headOf(store)
    await store.commit({ log, seq: 0 }, () => draftOf('a:1', { put: [{ id: 'p', value: 'kept' }] }))
    await store.leave('worker')
    await store.checkpoint({ log, seq: 1 }, [])
    same(await store.payload('p'), 'kept', 'the payload')
    same((await store.load()).byes, ['worker'], 'the byes')
  },

  'a load while others append and truncate is one consistent snapshot': async ({ open }) => {
    const [writer, reader] = [open(), open()]
    let at = await headOf(writer)
    let writing = true
    const write = async () => {
      for (const id of idsOf('a', 60)) {
        at = { log: at.log, seq: (await writer.commit(at, () => draftOf(id))) ?? 0 }
        if (at.seq % 3 === 0) await writer.checkpoint(at, [{ id: '0', body: `up to ${at.seq}` }])
      }
      writing = false
    }
    const read = async () => {
      do {
        const { mark, pages, entries } = await reader.load()
        same(pages, mark === 0 ? [] : [{ id: '0', body: `up to ${mark}` }], `the pages at mark ${mark}`)
        const whole = entries.every(({ seq }, index) => seq === mark + 1 + index)
        assert(whole, `entries from ${mark + 1} on without a gap`)
      } while (writing)
    }
    await Promise.all([write(), read()])
  },
}

function sorted<T extends { readonly id: string }>(pages: readonly T[]): T[] {
  return [...pages].sort((a, b) => (a.id < b.id ? -1 : 1))
}
