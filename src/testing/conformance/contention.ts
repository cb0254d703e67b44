import type { Position, Store } from '../../store/contract.ts'
import { faultyStore } from '../faulty-store.ts'
import { assert, rejectsWith, same } from './assert.ts'
import { appendAll, type Bench, type Cases, draftOf, entryOf, headOf, idsOf } from './bench.ts'

/** What `commit` promises to several committers, and to those whom the log left behind. */
export const contentionCases: Cases = {
  '1 000 commits from four handles, 100 at a time, get a sequence of its own each': async (bench) => {
    const waves = 10
    const perWave = 25
    const written = new Map<number, string>()
    const commitAll = async (store: Store, writer: string) => {
      let at = await headOf(store)
      for (let wave = 0; wave < waves; wave += 1) {
        const ids = idsOf(`${writer}.${wave}`, perWave)
        const seqs = await Promise.all(ids.map((id) => store.commit(at, () => draftOf(id))))
        for (const [index, id] of ids.entries()) written.set(seqs[index] ?? 0, id)
        at = { log: at.log, seq: Math.max(...seqs.map(Number)) }
      }
    }
    await Promise.all(openFour(bench).map((store, index) => commitAll(store, `w${index}`)))
    const { entries } = await bench.open().load()
    same(entries.length, 1_000, 'the length of the log')
    let last = 0
    for (const entry of entries) {
      assert(entry.seq > last, `a sequence after ${last}`)
      last = entry.seq
      same(entry, entryOf(last, written.get(last) ?? ''), `entry ${last}`)
    }
    assert(last <= 2_000, `at most one sequence more for each commit, got ${last}`)
  },

  'of several committers that are never level each makes progress': async (bench) => {
    const handles = openFour(bench)
    const head = await headOf(pick(handles, 0))
    const goal = 40
    const done = handles.map(() => 0)
    const reached = () => done.some((count) => count >= goal)
    await Promise.all(
      handles.map(async (store, index) => {
        let at = head
        while (!reached()) {
          at = await appendOne(store, at, `w${index}:${done[index]}`, bench.oneStep)
          done[index] = (done[index] ?? 0) + 1
        }
      }),
    )
    for (const count of done)
      assert(count >= goal / 10, `no committer to starve, they made ${done.join(', ')}`)
  },

  'a replica frozen at 100 cannot append after the others reached 600 and truncated': async ({ open }) => {
    const [frozen, other] = [open(), open()]
    const frozenAt = await appendAll(frozen, idsOf('a', 100))
    const head = await appendAll(other, idsOf('b', 500))
    same(await other.checkpoint(head, [{ id: '0', body: 'all' }]), true, 'the checkpoint')
    const put = [{ id: 'p', value: 1 }]
    await rejectsWith(
      'log-behind',
      frozen.commit(frozenAt, () => draftOf('a:101', { put })),
      'its commit',
    )
    await rejectsWith(
      'log-behind',
      frozen.commit(frozenAt, () => draftOf('a:101')),
      'its commit of an entry alone',
    )
    await rejectsWith(
      'log-behind',
      frozen.commit(frozenAt, () => draftOf('a:101'), { fresh: true }),
      'its fresh one',
    )
    await rejectsWith('log-behind', frozen.read(frozenAt), 'its read')
    same(await headOf(frozen), head, 'the head')
    same(await frozen.payload('p'), undefined, 'the payload')
    const seq = Number(await frozen.commit(head, () => draftOf('a:101')))
    // The draft of an entry alone was refused, and so may this one be, once.
    assert(seq >= 601 && seq <= 603, `one of the next three sequences after a reload, got ${seq}`)
    same((await other.load()).entries, [entryOf(seq, 'a:101')], 'the log')
  },

  'a log made anew refuses the positions of the old one, also at the same head': async ({ open }) => {
    const [stale, other, next] = [open(), open(), open()]
    const old = await appendAll(stale, idsOf('a', 3))
    await other.destroy()
    const head = await appendAll(next, idsOf('b', 3))
    assert(head.log !== old.log, 'another id for the new log')
    await rejectsWith(
      'log-replaced',
      stale.commit(old, () => draftOf('a:4')),
      'commit',
    )
    await rejectsWith(
      'log-replaced',
      stale.commit(old, () => draftOf('a:4'), { fresh: true }),
      'a fresh commit',
    )
    await rejectsWith('log-replaced', stale.read(old), 'read')
    same(await stale.checkpoint(old, [{ id: '0', body: 'old' }]), false, 'the checkpoint')
    const { entries, pages } = await next.load()
    same(entries, [entryOf(1, 'b:1'), entryOf(2, 'b:2'), entryOf(3, 'b:3')], 'the new log')
    same(pages, [], 'its pages')
    same(await headOf(stale), head, 'what the stale handle loads')
  },

  'an entry whose answer was lost is found among what was missed': async ({ open, factory }) => {
    const lossy = faultyStore(factory, ({ method, nth }) =>
      method === 'commit' && nth === 0 ? { type: 'lose-answer' } : undefined,
    )
    const name = `lossy-${(await headOf(open())).log}`
    const store = lossy(name)
    try {
      const head = await headOf(store)
      await rejectsWith(
        'store-failed',
        store.commit(head, () => draftOf('a:1')),
        'the lost commit',
      )
      let found = false
      const again = await store.commit(head, ({ entries }) => {
        found = entries.some(({ id }) => id === 'a:1')
        return found ? undefined : draftOf('a:1')
      })
      assert(found, 'the second decision to be shown the entry')
      same(again, undefined, 'the second commit')
      same((await store.load()).entries, [entryOf(1, 'a:1')], 'the log')
    } finally {
      await store.destroy()
    }
  },
}

function openFour({ open }: Bench): Store[] {
  return [open(), open(), open(), open()]
}

function pick(handles: readonly Store[], index: number): Store {
  const handle = handles[index % handles.length]
  if (handle === undefined) throw new Error('Cannot pick a handle: there is none')
  return handle
}

async function appendOne(store: Store, at: Position, id: string, oneStep: boolean): Promise<Position> {
  let calls = 0
  const seq = await store.commit(at, () => {
    calls += 1
    return draftOf(id)
  })
  assert(seq !== undefined && seq > at.seq, `a sequence after ${at.seq}`)
  if (oneStep) assert(calls <= 2, `the second draft never to be refused, decide was called ${calls} times`)
  return { log: at.log, seq }
}
