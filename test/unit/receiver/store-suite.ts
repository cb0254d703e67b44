import type { AckStore, Effect, Settled, Settlement, SourceRecord } from 'holdfast/receiver'
import { describe, expect, test } from 'vitest'

const source = '/holdfast/photos/one'
const other = '/holdfast/photos/two'
const record = (mark: number, more: Partial<SourceRecord> = {}): SourceRecord => ({
  principal: 'ada',
  mark,
  id: `${mark}-job`,
  rejected: [],
  ...more,
})

/** A settlement without effects. */
function* ending<Tx, Result>(settled: Settled<Result>): Settlement<Tx, Result> {
  yield* []
  return settled
}

/** What every {@link AckStore} must do, whatever is underneath. */
export function storeSuite<Tx>(name: string, open: () => AckStore<Tx>): void {
  const known = (store: AckStore<Tx>, of = source): Promise<SourceRecord | undefined> =>
    store.settle(of, (found) => ending({ result: found }))
  const write = (store: AckStore<Tx>, next: SourceRecord, of = source): Promise<unknown> =>
    store.settle(of, () => ending({ record: next, result: undefined }))

  describe(`${name}, as a store of acknowledgements`, () => {
    test('knows nothing of a source it never saw', async () => {
      expect(await known(open())).toBeUndefined()
    })

    test('gives back the record that was written, whole', async () => {
      const store = open()
      const written = record(Number.MAX_SAFE_INTEGER - 1, {
        principal: "o'brien; DROP TABLE holdfast_sources --",
        id: '9007199254740990-é\u{1f4f7}',
        rejected: [
          { sequence: 3, code: 'no', message: 'No "quotes" here' },
          { sequence: 4, code: '', message: '' },
        ],
      })
      await write(store, written)
      expect(await known(store)).toEqual(written)
    })

    test('replaces a record by the next', async () => {
      const store = open()
      await write(store, record(1, { rejected: [{ sequence: 1, code: 'no', message: 'No' }] }))
      await write(store, record(2))
      expect(await known(store)).toEqual(record(2))
    })

    test('leaves the record when the settlement returns none', async () => {
      const store = open()
      await write(store, record(5))
      await known(store)
      expect(await known(store)).toEqual(record(5))
    })

    test('keeps sources apart', async () => {
      const store = open()
      await write(store, record(5))
      await write(store, record(9), other)
      expect([await known(store), await known(store, other)]).toEqual([record(5), record(9)])
    })

    test('resolves with the result', async () => {
      const result = await open().settle(source, () => ending({ result: { any: 'thing' } }))
      expect(result).toEqual({ any: 'thing' })
    })

    test('performs the effects one after the other, each once', async () => {
      const seen: string[] = []
      const effect = (label: string) => (): void => void seen.push(label)
      await open().settle(source, function* () {
        yield effect('first')
        seen.push('between')
        yield effect('second')
        return { result: undefined }
      })
      expect(seen).toEqual(['first', 'between', 'second'])
    })

    test('throws into the settlement what an effect threw, and goes on if it does', async () => {
      const store = open()
      const thrown = new Error('the effect')
      const caught = await store.settle(source, function* (): Generator<Effect<Tx>, Settled<unknown>, void> {
        try {
          yield () => {
            throw thrown
          }
        } catch (error) {
          yield () => undefined
          return { record: record(3), result: error }
        }
        return { result: 'nothing was thrown' }
      })
      expect(caught).toBe(thrown)
      expect(await known(store)).toEqual(record(3))
    })

    test('writes nothing when the settlement throws, and rejects with that', async () => {
      const store = open()
      await write(store, record(5))
      const thrown = new Error('the settlement')
      const failing = store.settle(source, function* () {
        yield () => undefined
        throw thrown
      })
      await expect(failing).rejects.toBe(thrown)
      expect(await known(store)).toEqual(record(5))
    })

    test('works on after a settlement has thrown', async () => {
      const store = open()
      const failing = store.settle(source, (): never => {
        throw new Error('at once')
      })
      await expect(failing).rejects.toThrow('at once')
      await write(store, record(1))
      expect(await known(store)).toEqual(record(1))
    })

    test('shows each settlement of a source the record that the one before it left', async () => {
      const store = open()
      const marks = await Promise.all(
        Array.from({ length: 50 }, () =>
          store.settle(source, function* (found) {
            const mark = (found?.mark ?? 0) + 1
            yield () => undefined
            return { record: record(mark), result: mark }
          }),
        ),
      )
      expect(marks).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    })
  })
}
