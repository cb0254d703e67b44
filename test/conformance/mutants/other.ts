import type { Store } from '../../../src/store/contract.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import { deciding, type Mutants } from './mutant.ts'

export const otherMutants: Mutants = {
  'says that it checkpointed whether it did or not': {
    caughtBy: 'a checkpoint at or before the mark, or of another log, does nothing',
    break: (inner) => ({
      checkpoint: async (through, pages) => (await inner.checkpoint(through, pages)) || true,
    }),
  },
  'keeps empty pages': {
    caughtBy: 'a checkpoint replaces the pages given, removes the empty ones and keeps the others',
    break: (inner) => ({
      checkpoint: (through, pages) =>
        inner.checkpoint(
          through,
          pages.map(({ id, body }) => ({ id, body: body || ' ' })),
        ),
    }),
  },
  'drops the pages that were not given': {
    caughtBy: 'a checkpoint replaces the pages given, removes the empty ones and keeps the others',
    break: (inner) => ({
      checkpoint: async (through, pages) => {
        const given = new Set(pages.map(({ id }) => id))
        const others = (await inner.load()).pages.filter(({ id }) => !given.has(id))
        return inner.checkpoint(through, [...pages, ...others.map(({ id }) => ({ id, body: '' }))])
      },
    }),
  },
  'loads the pages before the entries, not in one step': {
    caughtBy: 'a load while others append and truncate is one consistent snapshot',
    break: (inner) => ({
      load: async () => {
        const { pages } = await inner.load()
        for (let turn = 0; turn < 7; turn += 1) await null
        return { ...(await inner.load()), pages }
      },
    }),
  },
  'shares payloads with their owner': {
    caughtBy: 'a payload is a copy, going in and coming out',
    break: (inner) => {
      const shared = new Map<string, unknown>()
      return {
        commit: (after, decide, options) =>
          inner.commit(
            after,
            (missed) => {
              const draft = decide(missed)
              for (const { id, value } of draft?.put ?? []) shared.set(id, value)
              return draft
            },
            options,
          ),
        payload: async (id) => shared.get(id),
      }
    },
  },
  'stores payloads as JSON': {
    caughtBy: 'Map, Set, Date, BigInt, buffers and cycles come back as they were',
    break: (inner) => ({
      payload: async (id) => JSON.parse(JSON.stringify((await inner.payload(id)) ?? null)),
    }),
  },
  'keeps deleted payloads': {
    caughtBy: 'a payload is put, replaced and deleted with an entry',
    break: deciding((decide) => (missed) => {
      const draft = decide(missed)
      return draft && { ...draft, delete: [] }
    }),
  },
  'loses byes': {
    caughtBy: 'a bye is given to every load and read until it is forgotten',
    break: () => ({ leave: async () => undefined }),
  },
  'never forgets a bye': {
    caughtBy: 'a bye is given to every load and read until it is forgotten',
    break: deciding((decide) => (missed) => {
      const draft = decide(missed)
      return draft && { ...draft, forget: [] }
    }),
  },
  'leaves a moment later': {
    caughtBy: 'a bye of an open handle is on its way before anything can stop it',
    break: (inner) => ({
      leave: async (worker) => {
        await new Promise((resolve) => setTimeout(resolve))
        await inner.leave(worker)
      },
    }),
  },
  'hints itself': {
    caughtBy: 'the other handles are hinted at an append and at a bye, its own is not',
    break: (inner) => {
      const listeners = new Set<() => void>()
      return {
        subscribe(listener) {
          listeners.add(listener)
          return inner.subscribe(listener)
        },
        commit: async (after, decide, options) => {
          const seq = await inner.commit(after, decide, options)
          for (const listener of listeners) listener()
          return seq
        },
      }
    },
  },
  'hints who unsubscribed': {
    caughtBy: 'a listener is hinted no more after it unsubscribed, other listeners are',
    break: (inner) => ({
      subscribe(listener) {
        inner.subscribe(listener)
        return () => undefined
      },
    }),
  },
  'hints who closed': {
    caughtBy: 'a closed handle is hinted no more',
    break: (_inner, another) => ({ subscribe: (listener) => another().subscribe(listener) }),
  },
  'answers after it was closed': {
    caughtBy: 'after close every method fails alike with closed, and close does not',
    break: (_inner, another) => ({ payload: (id) => another().payload(id) }),
  },
  'fails otherwise once destroyed': {
    caughtBy: 'after destroy every method fails alike with closed, and close does not',
    break: (inner) => ({
      leave: (worker) => inner.leave(worker).catch(() => Promise.reject(new TypeError('No such log'))),
    }),
  },
  'closes once only': {
    caughtBy: 'after close every method fails alike with closed, and close does not',
    break: (inner) => {
      let closed = false
      return {
        close: async () => {
          if (closed) throw new Error('Already closed')
          closed = true
          await inner.close()
        },
      }
    },
  },
  'closes for everybody': {
    caughtBy: 'closing one handle leaves the others as they were',
    break: (inner) => ({ close: () => inner.destroy() }),
  },
  'leaves the log when it is destroyed': {
    caughtBy: 'destroy erases the log, the pages, the payloads and the byes for every handle',
    break: (inner) => ({ destroy: () => inner.close() }),
  },
  'makes a log for each handle': {
    caughtBy: 'handles opened at the same time agree on one log',
    break: (inner) => {
      const own = memoryStore()(inner.identity)
      return { load: () => own.load() }
    },
  },
  'decides before the joined work is done': {
    caughtBy: 'joined work is done once, after what was missed is read and before it is decided on',
    break: (inner) => ({ join: joinedLate(inner) }),
  },
  'keeps the entry of joined work that throws': {
    caughtBy:
      'what joined work, its decision or its wait throws rejects the call unchanged, and nothing is written',
    break: (inner) => ({ join: joinedLate(inner) }),
  },
  'leaves joined work undone where nothing is drafted': {
    caughtBy: 'joined work is done alone where nothing is drafted',
    break: (inner) => ({
      async join(after, decide, joined) {
        const seq = await inner.commit(after, decide, { fresh: true })
        if (seq !== undefined) await joined.work(undefined)
        return seq
      },
    }),
  },
  'begins joined work before it knows whether it can read on': {
    caughtBy: 'joined work is not begun where the log cannot be read on',
    break: (inner) => ({
      async join(after, decide, joined) {
        await joined.work(undefined)
        return inner.commit(after, decide, { fresh: true })
      },
    }),
  },
}

function joinedLate(inner: Store): NonNullable<Store['join']> {
  return async (after, decide, joined) => {
    const seq = await inner.commit(after, decide, { fresh: true })
    await joined.work(undefined)
    return seq
  }
}
