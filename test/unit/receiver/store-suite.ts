import { deepStrictEqual, rejects, strictEqual } from 'node:assert'
import type { AckStore, Settled, Settlement, SourceRecord, Step } from 'holdfast/receiver'

/** A database to run the suite on, in whatever runtime. */
export interface Bench<Tx, Answer> {
  /** A store on an empty database. */
  open(): AckStore<Tx, Answer> | Promise<AckStore<Tx, Answer>>
  /** What an effect returns that does nothing. */
  readonly nothing: Answer
  /** How an effect writes, and what was written in order; absent where the store has no transactions. */
  readonly effects?: {
    write(tx: Tx, number: number): Answer
    written(): Promise<unknown[]>
  }
}

const source = '/holdfast/photos/one'
const other = '/holdfast/photos/two'
const record = (mark: number, more: Partial<SourceRecord> = {}): SourceRecord => ({
  principal: 'ada',
  mark,
  id: `${mark}-job`,
  rejected: [],
  ...more,
})

type Tests = Record<string, () => Promise<void>>

/** A settlement without effects. */
function* ending<Tx, Answer, Result>(settled: Settled<Result>): Settlement<Tx, Answer, Result> {
  yield* []
  return settled
}

/** What every {@link AckStore} must do, whatever is underneath: its tests by name, for any runner. */
export function storeTests<Tx, Answer>(bench: Bench<Tx, Answer>): Tests {
  return { ...recordTests(bench), ...effectTests(bench), ...transactionTests(bench) }
}

function known<Tx, Answer>(store: AckStore<Tx, Answer>, of = source): Promise<SourceRecord | undefined> {
  return store.settle(of, (found) => ending({ result: found }))
}

function write<Tx, Answer>(store: AckStore<Tx, Answer>, next: SourceRecord, of = source): Promise<unknown> {
  return store.settle(of, () => ending({ record: next, result: undefined }))
}

function recordTests<Tx, Answer>({ open }: Bench<Tx, Answer>): Tests {
  return {
    'knows nothing of a source it never saw': async () => {
      strictEqual(await known(await open()), undefined)
    },

    'gives back the record that was written, whole': async () => {
      const store = await open()
      const written = record(Number.MAX_SAFE_INTEGER - 1, {
        principal: "o'brien; DROP TABLE holdfast_sources --",
        id: '9007199254740990-é\u{1f4f7}',
        rejected: [
          { sequence: 3, code: 'no', message: 'No "quotes" here' },
          { sequence: 4, code: '', message: '' },
        ],
      })
      await write(store, written)
      deepStrictEqual(await known(store), written)
    },

    'gives back the largest record there can be': async () => {
      const store = await open()
      const rejection = { code: '\ufffd'.repeat(64), message: '\ufffd'.repeat(500) }
      const rejected = Array.from({ length: 1_000 }, (_, index) => ({ sequence: index + 1, ...rejection }))
      const largest = record(1_000, { id: `1000-${'\ufffd'.repeat(1_019)}`, rejected })
      await write(store, largest)
      deepStrictEqual(await known(store), largest)
    },

    'replaces a record by the next': async () => {
      const store = await open()
      await write(store, record(1, { rejected: [{ sequence: 1, code: 'no', message: 'No' }] }))
      await write(store, record(2))
      deepStrictEqual(await known(store), record(2))
    },

    'leaves the record when the settlement returns none': async () => {
      const store = await open()
      await write(store, record(5))
      await known(store)
      deepStrictEqual(await known(store), record(5))
    },

    'keeps sources apart': async () => {
      const store = await open()
      await write(store, record(5))
      await write(store, record(9), other)
      deepStrictEqual([await known(store), await known(store, other)], [record(5), record(9)])
    },

    'resolves with the result': async () => {
      const store = await open()
      const result = await store.settle(source, () => ending({ result: { any: 'thing' } }))
      deepStrictEqual(result, { any: 'thing' })
    },

    'works on after a settlement has thrown': async () => {
      const store = await open()
      const failing = store.settle(source, (): never => {
        throw new Error('at once')
      })
      await rejects(failing, { message: 'at once' })
      await write(store, record(1))
      deepStrictEqual(await known(store), record(1))
    },
  }
}

function effectTests<Tx, Answer>({ open, nothing }: Bench<Tx, Answer>): Tests {
  const step = (mark: number, run: () => void = () => undefined): Step<Tx, Answer> => ({
    effect: () => {
      run()
      return nothing
    },
    record: record(mark),
  })

  return {
    'performs the effects one after the other, each once': async () => {
      const store = await open()
      const seen: string[] = []
      await store.settle(source, function* () {
        yield step(1, () => seen.push('first'))
        seen.push('between')
        yield step(2, () => seen.push('second'))
        return { record: record(2), result: undefined }
      })
      deepStrictEqual(seen, ['first', 'between', 'second'])
      deepStrictEqual(await known(store), record(2))
    },

    'throws into the settlement what an effect threw, and goes on if it does': async () => {
      const store = await open()
      const thrown = new Error('the effect')
      const caught = await store.settle(source, function* (): Settlement<Tx, Answer, unknown> {
        try {
          yield step(1, () => {
            throw thrown
          })
        } catch (error) {
          yield step(2)
          return { record: record(3), result: error }
        }
        return { result: 'nothing was thrown' }
      })
      strictEqual(caught, thrown)
      deepStrictEqual(await known(store), record(3))
    },

    'writes nothing when the settlement throws, and rejects with that': async () => {
      const store = await open()
      await write(store, record(5))
      const thrown = new Error('the settlement')
      const failing = store.settle(source, function* (): Settlement<Tx, Answer, unknown> {
        yield step(6)
        throw thrown
      })
      await rejects(failing, (error) => error === thrown)
      deepStrictEqual(await known(store), record(5))
    },

    'shows each settlement of a source the record that the one before it left': async () => {
      const store = await open()
      const settlements = Array.from({ length: 50 }, () =>
        store.settle(source, function* (found) {
          const mark = (found?.mark ?? 0) + 1
          yield step(mark)
          return { record: record(mark), result: mark }
        }),
      )
      const marks = await Promise.all(settlements)
      const sorted = marks.toSorted((a, b) => a - b)
      deepStrictEqual(
        sorted,
        Array.from({ length: 50 }, (_, index) => index + 1),
      )
      deepStrictEqual(await known(store), record(50))
    },
  }
}

function transactionTests<Tx, Answer>({ open, effects }: Bench<Tx, Answer>): Tests {
  if (effects === undefined) return {}
  const { write: insert, written } = effects
  const step = (number: number, error?: Error): Step<Tx, Answer> => ({
    effect: (tx) => {
      const answer = insert(tx, number)
      if (error) throw error
      return answer
    },
    record: record(number),
  })

  return {
    'commits what effects write together with the record': async () => {
      const store = await open()
      await store.settle(source, function* () {
        for (const number of [1, 2, 3]) yield step(number)
        return { record: record(3), result: undefined }
      })
      deepStrictEqual([await written(), await known(store)], [[1, 2, 3], record(3)])
    },

    'undoes what a throwing effect wrote, and nothing else': async () => {
      const store = await open()
      await store.settle(source, function* (): Settlement<Tx, Answer, unknown> {
        yield step(1)
        try {
          yield step(2, new Error('not this one'))
        } catch {
          yield step(3)
        }
        return { record: record(3), result: undefined }
      })
      deepStrictEqual([await written(), await known(store)], [[1, 3], record(3)])
    },

    'keeps nothing that effects wrote when the settlement throws': async () => {
      const store = await open()
      const failing = store.settle(source, function* (): Settlement<Tx, Answer, unknown> {
        yield step(1)
        throw new Error('after all')
      })
      await rejects(failing, { message: 'after all' })
      deepStrictEqual([await written(), await known(store)], [[], undefined])
    },

    'commits each effect once when many settle at once': async () => {
      const store = await open()
      const settlement = function* (found: SourceRecord | undefined): Settlement<Tx, Answer, unknown> {
        const mark = found?.mark ?? 0
        if (mark >= 20) return { result: undefined }
        for (let number = mark + 1; number <= 20; number += 1) yield step(number)
        return { record: record(20), result: undefined }
      }
      await Promise.all(Array.from({ length: 12 }, () => store.settle(source, settlement)))
      deepStrictEqual(
        await written(),
        Array.from({ length: 20 }, (_, index) => index + 1),
      )
    },
  }
}
