import { assert, rejection, rejectsWith, same } from './assert.ts'
import { appendAll, bodyOf, type Cases, draftOf, entryOf, headOf, idsOf, recorded } from './bench.ts'

/** What `commit` promises to one committer at a time. */
export const appendCases: Cases = {
  'an empty log is at 0, and its entries are numbered from 1 without a gap': async ({ open }) => {
    const store = open()
    const { log, mark, entries, pages, byes } = await store.load()
    same({ mark, entries, pages, byes }, { mark: 0, entries: [], pages: [], byes: [] }, 'a new log')
    for (const seq of [1, 2, 3]) {
      same(await store.commit({ log, seq: seq - 1 }, () => draftOf(`a:${seq}`)), seq, 'the sequence')
    }
    same((await store.load()).entries, [entryOf(1, 'a:1'), entryOf(2, 'a:2'), entryOf(3, 'a:3')], 'the log')
  },

  'read gives the entries after a position, oldest first': async ({ open }) => {
    const store = open()
    const { log, seq } = await appendAll(store, idsOf('a', 4))
    const two = [entryOf(3, 'a:3'), entryOf(4, 'a:4')]
    same(await store.read({ log, seq: 2 }), { entries: two, byes: [] }, 'what was missed')
    same(await store.read({ log, seq }), { entries: [], byes: [] }, 'what was missed at the head')
  },

  'the first decision is given nothing': async ({ open }) => {
    const store = open()
    const head = await appendAll(store, idsOf('a', 2))
    await store.leave('worker')
    const { decide, calls } = recorded(draftOf('a:3'))
    same(await store.commit(head, decide), 3, 'the sequence')
    same(calls, [{ entries: [], byes: [] }], 'what decide was given')
  },

  'a commit behind the head decides again on what it missed, and appends that': async ({ open }) => {
    const [store, other] = [open(), open()]
    const head = await appendAll(store, ['a:1'])
    await appendAll(other, ['b:1', 'b:2'])
    const { decide, calls } = recorded(draftOf('a:2'), draftOf('a:3'))
    const seq = Number(await store.commit(head, decide))
    assert(seq === 4 || seq === 5, `the next sequence, or the one after a refused draft's, got ${seq}`)
    const missed = [entryOf(2, 'b:1'), entryOf(3, 'b:2')]
    same(
      calls,
      [
        { entries: [], byes: [] },
        { entries: missed, byes: [] },
      ],
      'what decide was given',
    )
    same((await other.load()).entries, [entryOf(1, 'a:1'), ...missed, entryOf(seq, 'a:3')], 'the log')
    same(await other.commit({ ...head, seq }, () => draftOf('b:3')), seq + 1, 'the sequence behind it')
    same(
      (await other.read({ ...head, seq: 3 })).entries,
      [entryOf(seq, 'a:3'), entryOf(seq + 1, 'b:3')],
      'the rest',
    )
  },

  'fresh decides once, on what was missed': async ({ open }) => {
    const store = open()
    const { log } = await appendAll(store, idsOf('a', 2))
    const { decide, calls } = recorded(draftOf('a:3'))
    same(await store.commit({ log, seq: 1 }, decide, { fresh: true }), 3, 'the sequence')
    same(calls, [{ entries: [entryOf(2, 'a:2')], byes: [] }], 'what decide was given')
    const current = recorded(draftOf('a:4'))
    same(await store.commit({ log, seq: 3 }, current.decide, { fresh: true }), 4, 'the sequence')
    same(current.calls, [{ entries: [], byes: [] }], 'what decide was given at the head')
  },

  'a decision of undefined appends nothing': async ({ open }) => {
    const store = open()
    const head = await appendAll(store, idsOf('a', 2))
    const behind = { ...head, seq: 1 }
    same(await store.commit(head, () => undefined), undefined, 'the first decision')
    const second = recorded(draftOf('a:3', { put: [{ id: 'p', value: 1 }] }), undefined)
    same(await store.commit(behind, second.decide), undefined, 'the second decision')
    same(await store.commit(head, () => undefined, { fresh: true }), undefined, 'the fresh decision')
    same(await headOf(store), head, 'the head')
    same(await store.payload('p'), undefined, 'the payload')
  },

  'what decide throws rejects the commit unchanged, and nothing is written': async ({ open }) => {
    const store = open()
    const head = await appendAll(store, idsOf('a', 2))
    const thrown = new TypeError('thrown by decide')
    const fail = () => {
      throw thrown
    }
    let calls = 0
    const failSecond = () => {
      calls += 1
      return calls === 1 ? draftOf('a:3', { put: [{ id: 'p', value: 1 }] }) : fail()
    }
    const first = await rejection(store.commit(head, fail), 'the first decision')
    const second = await rejection(store.commit({ ...head, seq: 1 }, failSecond), 'the second decision')
    const fresh = await rejection(store.commit(head, fail, { fresh: true }), 'the fresh decision')
    for (const error of [first, second, fresh]) assert(error === thrown, 'the very error that decide threw')
    same(await headOf(store), head, 'the head')
    same(await store.payload('p'), undefined, 'the payload')
    same(await store.commit(head, () => draftOf('a:3')), 3, 'the next sequence')
  },

  'a refused draft leaves nothing behind': async ({ open }) => {
    const store = open()
    const { log } = await appendAll(store, ['a:1'])
    await store.commit({ log, seq: 1 }, () => draftOf('a:2', { put: [{ id: 'kept', value: 'kept' }] }))
    await store.leave('worker')
    const refused = draftOf('a:3', { put: [{ id: 'lost', value: 1 }], delete: ['kept'], forget: ['worker'] })
    const { decide } = recorded(refused, draftOf('a:4', { put: [{ id: 'second', value: 2 }] }))
    same(await store.commit({ log, seq: 1 }, decide), 3, 'the sequence')
    same(await store.payload('lost'), undefined, "the refused draft's payload")
    same(await store.payload('kept'), 'kept', 'the payload that the refused draft deletes')
    same(await store.payload('second'), 2, "the second draft's payload")
    same((await store.read({ log, seq: 3 })).byes, ['worker'], 'the byes')
  },

  'a position ahead of the head is log-replaced': async ({ open }) => {
    const store = open()
    const { log } = await appendAll(store, ['a:1'])
    const ahead = { log, seq: 2 }
    await rejectsWith('log-replaced', store.read(ahead), 'read')
    await rejectsWith(
      'log-replaced',
      store.commit(ahead, () => draftOf('a:2'), { fresh: true }),
      'fresh',
    )
    await rejectsWith(
      'log-replaced',
      store.commit(ahead, () => draftOf('a:2')),
      'commit',
    )
    same((await store.load()).entries, [entryOf(1, 'a:1')], 'the log')
  },

  'bodies and ids come back as they were written, whatever their characters': async ({ open }) => {
    const texts = [
      '',
      'ß ﬁ İ',
      'e\u0301 \u00e9',
      '日本語',
      '👩‍👩‍👧‍👦 🏳️‍🌈',
      '\u2028\u2029\t\n"\'\\',
      '\ufeffbom',
      'שלום مرحبا',
    ]
    const store = open()
    let at = await headOf(store)
    for (const text of texts) {
      const draft = { id: `id ${text}`, body: text, durability: 'strict' } as const
      at = { log: at.log, seq: (await store.commit(at, () => draft)) ?? 0 }
    }
    const { entries } = await open().load()
    same(
      entries.map(({ body }) => body),
      texts,
      'the bodies',
    )
    same(
      entries.map(({ id }) => id),
      texts.map((text) => `id ${text}`),
      'the ids',
    )
  },

  'a body of maxEntryBytes code units is kept, a longer one is refused with a RangeError': async ({
    open,
  }) => {
    const store = open()
    const head = await headOf(store)
    // Longer strings than these cannot be made, or not in reasonable time.
    if (store.maxEntryBytes > 2 ** 26) return
    const longest = 'x'.repeat(store.maxEntryBytes)
    const tooLong = { ...draftOf('a:1'), body: `${longest}x` }
    for (const fresh of [false, true]) {
      const error = await rejection(
        store.commit(head, () => tooLong, { fresh }),
        'the commit',
      )
      assert(error instanceof RangeError, 'a RangeError')
    }
    same(await store.commit(head, () => ({ ...draftOf('a:2'), body: longest })), 1, 'the sequence')
    const [entry] = (await store.load()).entries
    assert(entry?.body === longest, 'the longest body to come back whole')
  },

  'both durabilities are taken': async ({ open }) => {
    const store = open()
    const head = await headOf(store)
    same(await store.commit(head, () => draftOf('a:1', { durability: 'strict' })), 1, 'strict')
    same(
      await store.commit({ ...head, seq: 1 }, () => draftOf('a:2', { durability: 'relaxed' })),
      2,
      'relaxed',
    )
    same(
      (await open().load()).entries.map(({ body }) => body),
      [bodyOf('a:1'), bodyOf('a:2')],
      'the log',
    )
  },
}
