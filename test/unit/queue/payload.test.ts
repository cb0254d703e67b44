import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createQueue, isQueueError } from '../../../src/index.ts'
import { encodePayload } from '../../../src/queue/payload.ts'
import { bench } from './bench.ts'

describe('the size of a payload', () => {
  const text = 'é€😀'.repeat(300)
  const bytes = 9 * 300
  const map = new Map([[{ toString: false }, text]])
  const keyBytes = 16 + '.toString'.length + 8
  const holes = [text, 1]
  delete holes[1]

  it.each<[string, unknown, number]>([
    ['JSON, as UTF-8', { text }, bytes + '{"text":""}'.length],
    ['text in what is no JSON, as UTF-8', new Set([text]), bytes + 16 + '.values()[0]'.length],
    ['binary data, exactly', new Uint8Array(5_000), 5_000],
    ['a Map by text, exactly', new Map([[text, true]]), 16 + '.get()'.length + bytes + 8],
    ['a Map by objects, and of what they hold', map, 16 + '.keys().get(object)'.length + keyBytes + bytes],
    ['an array, without its holes', holes, 16 + '[0]'.length + bytes],
  ])('is that of %s', async (_, payload, expected) => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({
        ...given({ limits: { maxPayloadBytes: expected } }),
        handlers: { keep: (_: unknown) => 1 },
      }),
    )
    const { id } = await queue.enqueue('keep', payload)
    expect(await queue.get(id)).toMatchObject({ payloadBytes: expected })
    const tight = keep(
      createQueue({
        ...given({ limits: { maxPayloadBytes: expected - 1 } }),
        handlers: { keep: (_: unknown) => 1 },
      }),
    )
    const refused = tight.enqueue('keep', payload)
    await expect(refused).rejects.toMatchObject({ code: 'payload-too-large' })
    await expect(refused).rejects.toThrow(`it has ${expected} bytes, of ${expected - 1} allowed`)
  })

  it('is limited in bytes also where it travels in the log', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given({ limits: { maxPayloadBytes: 10 } }), handlers: { keep: (_: unknown) => 1 } }),
    )
    await expect(queue.enqueue('keep', '€€€')).rejects.toMatchObject({ code: 'payload-too-large' })
    expect(await queue.enqueue('keep', '€€')).toMatchObject({ outcome: 'created' })
  })
})

describe('a payload of any shape', () => {
  const { any } = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(() => 1, Symbol('s'), new WeakMap(), /s/, new Error('e')),
      fc.anything({ withDate: true, withNullPrototype: true, withTypedArray: true, withBoxedValues: true }),
      fc.dictionary(fc.string(), tie('any')),
      fc.record({ toString: tie('any'), constructor: fc.object(), field: tie('any') }),
      fc.sparseArray(tie('any')),
      fc.array(fc.tuple(tie('any'), tie('any'))).map((entries) => new Map(entries)),
      fc.array(tie('any')).map((items) => new Set(items)),
    ),
  }))

  it('is taken, or refused by a code', () => {
    const limits = { maxPayloadBytes: 1_000_000, store: {} }
    const outcome = (value: unknown): unknown => {
      try {
        return encodePayload(value, 'keep', limits)
      } catch (error) {
        return isQueueError(error) ? error.code : error
      }
    }
    fc.assert(
      fc.property(any, (value) => !(outcome(value) instanceof Error)),
      { numRuns: 2_000 },
    )
  })
})
