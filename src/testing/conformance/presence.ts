import { eventually, same } from './assert.ts'
import { appendAll, type Cases, draftOf, entryOf, headOf, recorded } from './bench.ts'

/** Byes. */
export const byeCases: Cases = {
  'a bye is given to every load and read until it is forgotten': async ({ open }) => {
    const [leaver, store] = [open(), open()]
    const head = await headOf(store)
    await leaver.leave('w1')
    await leaver.leave('w2')
    await leaver.leave('w1')
    same([...(await store.load()).byes].sort(), ['w1', 'w2'], 'the byes loaded')
    same([...(await store.read(head)).byes].sort(), ['w1', 'w2'], 'the byes read')
    const forget = () => draftOf('a:1', { forget: ['w1', 'never left'] })
    same(await store.commit(head, forget), 1, 'the sequence')
    same((await leaver.load()).byes, ['w2'], 'the byes after one is forgotten')
  },

  'a fresh decision, and the second of a refused commit, are given the byes': async ({ open }) => {
    const store = open()
    const { log } = await appendAll(store, ['a:1'])
    await open().leave('worker')
    const fresh = recorded(draftOf('a:2'))
    await store.commit({ log, seq: 1 }, fresh.decide, { fresh: true })
    same(fresh.calls, [{ entries: [], byes: ['worker'] }], 'what the fresh decision was given')
    const second = recorded(draftOf('a:3'))
    await store.commit({ log, seq: 1 }, second.decide)
    same(second.calls[1], { entries: [entryOf(2, 'a:2')], byes: ['worker'] }, 'what the second was given')
  },

  'a bye of an open handle is on its way before anything can stop it': async ({ open }) => {
    const [leaver, store] = [open(), open()]
    await Promise.all([leaver.load(), store.load()])
    const left = leaver.leave('worker')
    await leaver.close()
    await left
    same((await store.load()).byes, ['worker'], 'the byes')
  },
}

/** Hints, for engines that give them. */
export const hintCases: Cases = {
  'the other handles are hinted at an append and at a bye, its own is not': async ({ open }) => {
    const [store, other] = [open(), open()]
    let at = await headOf(store)
    await other.load()
    let own = 0
    let others = 0
    store.subscribe(() => {
      own += 1
    })
    other.subscribe(() => {
      others += 1
    })
    for (const id of ['a:1', 'a:2', 'a:3']) {
      const before = others
      at = { log: at.log, seq: (await store.commit(at, () => draftOf(id))) ?? 0 }
      await eventually(() => others > before, 'a hint at an append')
    }
    const before = others
    await store.leave('worker')
    await eventually(() => others > before, 'a hint at a bye')
    same(own, 0, "the hints at a handle's own doing")
  },

  'a listener is hinted no more after it unsubscribed, other listeners are': async ({ open }) => {
    const [store, other] = [open(), open()]
    const head = await headOf(store)
    let stopped = 0
    let listening = 0
    const listener = () => {
      stopped += 1
    }
    const unsubscribe = other.subscribe(listener)
    other.subscribe(() => {
      listening += 1
    })
    unsubscribe()
    unsubscribe()
    await store.commit(head, () => draftOf('a:1'))
    await eventually(() => listening > 0, 'a hint')
    same(stopped, 0, 'the hints after unsubscribing')
  },

  'a closed handle is hinted no more': async ({ open }) => {
    const [store, closed, other] = [open(), open(), open()]
    const head = await headOf(store)
    let hints = 0
    let others = 0
    closed.subscribe(() => {
      hints += 1
    })
    other.subscribe(() => {
      others += 1
    })
    await closed.close()
    await store.commit(head, () => draftOf('a:1'))
    await eventually(() => others > 0, 'a hint')
    same(hints, 0, 'the hints after closing')
  },

  'handles of other queues are not hinted': async ({ open, openOther }) => {
    const [store, sibling, other] = [open(), open(), openOther()]
    const head = await headOf(store)
    await other.load()
    let stray = 0
    let hints = 0
    other.subscribe(() => {
      stray += 1
    })
    sibling.subscribe(() => {
      hints += 1
    })
    await store.commit(head, () => draftOf('a:1'))
    await eventually(() => hints > 0, 'a hint')
    same(stray, 0, 'the hints of another queue')
  },
}
