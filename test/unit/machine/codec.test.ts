import { describe, expect, test } from 'vitest'
import {
  changedPages,
  decodeEntry,
  encodeEvents,
  encodePage,
  entryId,
  loadState,
} from '../../../src/machine/codec.ts'
import { FORMAT } from '../../../src/machine/events.ts'
import { decideRemove } from '../../../src/machine/operate.ts'
import { State } from '../../../src/machine/state.ts'
import { claim, createHarness, enqueue, reloaded } from './harness.ts'

const code = (name: string): unknown => expect.objectContaining({ code: name })
const entry = (body: string, id = 'w:1') => ({ seq: 7, id, body })
const page = (body: string, id = 'jobs/0') => ({ log: 'l', mark: 1, pages: [{ id, body }], entries: [] })

describe('an entry', () => {
  test('is read as it was written, its writer and counter from its id', () => {
    const events = [{ type: 'removed', ids: ['a'] }] as const
    const kept = { seq: 7, id: entryId('a:b', 12), body: encodeEvents(99, events) }
    expect(decodeEntry(kept)).toEqual({ seq: 7, writer: 'a:b', counter: 12, at: 99, events })
  })

  test.each([
    ['no JSON', entry('{')],
    ['no object', entry('7')],
    ['null', entry('null')],
    ['without a format', entry('{"at":1,"events":[]}')],
    ['with a format that is no number', entry('{"v":"1","at":1,"events":[]}')],
    ['without a time', entry('{"v":1,"events":[]}')],
    ['without events', entry('{"v":1,"at":1}')],
    ['with an event that is none', entry('{"v":1,"at":1,"events":[null]}')],
    ['with an event without a type', entry('{"v":1,"at":1,"events":[{}]}')],
    ['with an event of a type that is no text', entry('{"v":1,"at":1,"events":[{"type":1}]}')],
    ['without a writer', entry('{"v":1,"at":1,"events":[]}', 'w1')],
    ['without a counter', entry('{"v":1,"at":1,"events":[]}', 'w:x')],
  ])('that is %s is corrupt, and named', (_, kept) => {
    const read = (): unknown => decodeEntry(kept)
    expect(read).toThrow(code('store-corrupt'))
    expect(read).toThrow('entry 7 is not as it was written')
  })

  test('of a newer format stops the reader', () => {
    const kept = entry(`{"v":${FORMAT + 1},"what":"ever"}`)
    expect(() => decodeEntry(kept)).toThrow(code('version-ahead'))
  })

  test('that speaks of an unknown event, or of no job, is corrupt', () => {
    const state = new State()
    const unknown = entry(`{"v":${FORMAT},"at":1,"events":[{"type":"melted"}]}`)
    expect(() => state.apply(decodeEntry(unknown))).toThrow('it has an event of unknown type "melted"')
    const nobody = entry(encodeEvents(1, [{ type: 'redriven', id: 'x' }]))
    expect(() => state.apply(decodeEntry(nobody))).toThrow(code('store-corrupt'))
  })
})

describe('a page', () => {
  test.each([
    ['no JSON', page('{')],
    ['without rows', page('{"v":1}')],
    ['with a row that is none', page('{"v":1,"rows":[1]}')],
    ['with a row without a key', page('{"v":1,"rows":[[1,{}]]}')],
    ['with a job that is no list', page('{"v":1,"rows":[["a",{}]]}')],
    ['with a row that is no object', page('{"v":1,"rows":[["a",1]]}', 'acks/0')],
    ['with a row that is nothing', page('{"v":1,"rows":[["a",null]]}', 'acks/0')],
    ['of an unknown table', page('{"v":1,"rows":[]}', 'toads/0')],
  ])('that is %s is corrupt', (_, snapshot) => {
    expect(() => loadState(snapshot, 0)).toThrow(code('store-corrupt'))
  })

  test('of a newer format stops the reader', () => {
    expect(() => loadState(page(`{"v":${FORMAT + 1}}`), 0)).toThrow(code('version-ahead'))
  })
})

describe('a checkpoint', () => {
  const names = (state: State, mark: number): string[] =>
    changedPages(state, mark)
      .map(({ id }) => id)
      .sort()

  test('has the pages that changed since its mark', () => {
    const harness = createHarness({ bare: true })
    for (let n = 1; n <= 600; n++) enqueue(harness, `j${n}`)
    const { seq } = harness.state
    expect(names(harness.state, 0)).toEqual(['jobs/0', 'jobs/1', 'jobs/2', 'meta/0', 'writers/0'])
    expect(names(harness.state, seq)).toEqual([])
    claim(harness, { slots: 1 })
    expect(names(harness.state, seq)).toEqual(['jobs/0', 'writers/0'])
  })

  test('removes a page that has no rows any more', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    const { seq } = harness.state
    harness.decide((state, deciding) => decideRemove(state, 'a', deciding))
    const page = changedPages(harness.state, seq).find(({ id }) => id === 'jobs/0')
    expect(page?.rows).toEqual([])
    expect(page && encodePage(page)).toBe('')
    expect(harness.state.jobs.pageNumbers()).toEqual([])
  })

  test('is not changed by loading it, nor by what was speculated', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    const loaded = reloaded(harness)
    expect(loaded.log).toBe('log')
    expect(loaded.seq).toBe(1)
    expect(changedPages(loaded, 1)).toEqual([])
    loaded.speculate({ wall: 5, mono: 5 }, (emit) =>
      emit({ type: 'enqueued', id: 'b', owner: 'me', kind: 'mail' }),
    )
    expect(changedPages(loaded, 1)).toEqual([])
  })

  test('keeps its draft as it was, whatever happens before it is written', () => {
    const harness = createHarness()
    enqueue(harness, 'a')
    const draft = changedPages(harness.state, 0)
    const before = draft.map(encodePage)
    claim(harness)
    expect(draft.map(encodePage)).toEqual(before)
  })
})
