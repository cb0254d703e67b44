import { isQueueError } from '../../../src/errors.ts'
import type { Decide, PayloadPut, Position, Store } from '../../../src/store/contract.ts'
import { deciding, type Mutants } from './mutant.ts'

export const commitMutants: Mutants = {
  'ignores the mark, and appends what a frozen replica decided': {
    caughtBy: 'a replica frozen at 100 cannot append after the others reached 600 and truncated',
    break: (inner) => ({
      commit: (after, decide, options) =>
        inner.commit(after, decide, options).catch(async (error) => {
          if (!isQueueError(error, 'log-behind')) throw error
          return inner.commit(await head(inner), decide, options)
        }),
    }),
  },
  'ignores the log id': {
    caughtBy: 'a log made anew refuses the positions of the old one, also at the same head',
    break: (inner) => ({
      commit: async ({ seq }, decide, options) =>
        inner.commit({ log: (await inner.load()).log, seq }, decide, options),
    }),
  },
  'reads on from the position of another log': {
    caughtBy: 'a log made anew refuses the positions of the old one, also at the same head',
    break: (inner) => ({ read: async ({ seq }) => inner.read({ log: (await inner.load()).log, seq }) }),
  },
  'checkpoints for another log': {
    caughtBy: 'a checkpoint at or before the mark, or of another log, does nothing',
    break: (inner) => ({
      checkpoint: async ({ seq }, pages) => inner.checkpoint({ log: (await inner.load()).log, seq }, pages),
    }),
  },
  'gives a read from before the mark what it has': {
    caughtBy: 'after a checkpoint a load gives the pages and the rest of the log',
    break: (inner) => ({
      read: (after) =>
        inner.read(after).catch(async ({ code }) => {
          const { entries, byes } = await inner.load()
          if (code !== 'log-behind') throw code
          return { entries, byes }
        }),
    }),
  },
  'loses the payloads of the second draft': {
    caughtBy: 'a refused draft leaves nothing behind',
    break: deciding((decide) => {
      let calls = 0
      return (missed) => {
        calls += 1
        const draft = decide(missed)
        return draft && calls > 1 ? { ...draft, put: [] } : draft
      }
    }),
  },
  "keeps the refused draft's payloads": {
    caughtBy: 'a refused draft leaves nothing behind',
    break: deciding((decide) => {
      const put: PayloadPut[] = []
      return (missed) => {
        const draft = decide(missed)
        put.push(...(draft?.put ?? []))
        return draft && { ...draft, put }
      }
    }),
  },
  'writes payloads before it knows that the entry goes in': {
    caughtBy: 'what decide throws rejects the commit unchanged, and nothing is written',
    break: (inner, another) => ({
      commit: async (after, decide, options) => {
        const writes: Promise<unknown>[] = []
        const eager: Decide = (missed) => {
          const draft = decide(missed)
          if (draft?.put) writes.push(putAlone(another(), after, draft.put))
          return draft
        }
        try {
          return await inner.commit(after, eager, options)
        } finally {
          await Promise.allSettled(writes)
        }
      },
    }),
  },
  'gives old entries again': {
    caughtBy: 'a commit behind the head decides again on what it missed, and appends that',
    break: (inner) => ({
      commit: async (after, decide, options) => {
        const old = (await inner.load()).entries.filter(({ seq }) => seq <= after.seq)
        let calls = 0
        const again: Decide = ({ entries, byes }) => {
          calls += 1
          return decide({ entries: calls > 1 ? [...old, ...entries] : entries, byes })
        }
        return inner.commit(after, again, options)
      },
    }),
  },
  'tells the first decision of byes': {
    caughtBy: 'the first decision is given nothing',
    break: (inner) => ({
      commit: async (after, decide, options) => {
        const { byes } = await inner.load()
        return inner.commit(after, ({ entries }) => decide({ entries, byes }), options)
      },
    }),
  },
  'keeps the byes from a fresh decision': {
    caughtBy: 'a fresh decision, and the second of a refused commit, are given the byes',
    break: deciding(
      (decide) =>
        ({ entries }) =>
          decide({ entries, byes: [] }),
    ),
  },
  'takes fresh for an option it does not have': {
    caughtBy: 'fresh decides once, on what was missed',
    break: (inner) => ({ commit: (after, decide) => inner.commit(after, decide) }),
  },
  'refuses the second draft too': {
    caughtBy: 'of several committers that are never level each makes progress',
    break: (inner) => ({
      commit: async (after, decide, options) => {
        await inner.commit(after, (missed) => void decide(missed), { fresh: true })
        return inner.commit(after, decide, options)
      },
    }),
  },
  'lets one committer starve': {
    caughtBy: 'of several committers that are never level each makes progress',
    break: (inner, _another, ordinal) => ({
      commit: async (after, decide, options) => {
        for (let turn = 0; ordinal === 3 && turn < 5_000; turn += 1) await null
        return inner.commit(after, decide, options)
      },
    }),
  },
  'appends an empty entry where nothing was decided': {
    caughtBy: 'a decision of undefined appends nothing',
    break: deciding((decide) => (missed) => decide(missed) ?? { id: '', body: '', durability: 'relaxed' }),
  },
  'swallows what decide throws': {
    caughtBy: 'what decide throws rejects the commit unchanged, and nothing is written',
    break: deciding((decide) => (missed) => {
      try {
        return decide(missed)
      } catch {
        return undefined
      }
    }),
  },
  'takes an entry of any length': {
    caughtBy: 'a body of maxEntryBytes code units is kept, a longer one is refused with a RangeError',
    break: (inner) => ({ maxEntryBytes: inner.maxEntryBytes - 1 }),
  },
  'drops what does not fit into a byte': {
    caughtBy: 'bodies and ids come back as they were written, whatever their characters',
    break: deciding((decide) => (missed) => {
      const draft = decide(missed)
      return draft && { ...draft, body: draft.body.normalize('NFC') }
    }),
  },
}

async function head(store: Store): Promise<Position> {
  const { log, mark, entries } = await store.load()
  return { log, seq: mark + entries.length }
}

// With an entry of its own, since the memory store has no other way.
async function putAlone(store: Store, { log }: Position, put: readonly PayloadPut[]): Promise<void> {
  await store.commit({ log, seq: 0 }, () => ({ id: 'payloads', body: '', put, durability: 'relaxed' }), {
    fresh: true,
  })
}
