import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isQueueError } from '../../../src/errors.ts'
import { decode } from '../../../src/store/decoding.ts'
import { blobsIn, encode } from '../../../src/store/encoding.ts'

const unread = (): never => {
  throw new Error('there is no Blob here')
}

/** Through the encoding and back, the bytes in pieces of at most `size`. */
function roundTrip(value: unknown, size = 3): unknown {
  const { text, parts } = encode(value, unread)
  return decode(
    text,
    parts.flatMap((part) => pieces(part, size)),
  )
}

function pieces(part: Uint8Array, size: number): Uint8Array<ArrayBuffer>[] {
  const all: Uint8Array<ArrayBuffer>[] = []
  for (let at = 0; at < part.byteLength; at += size) all.push(part.slice(at, at + size))
  return all
}

const views: (new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView)[] = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
]

const view = fc
  .tuple(fc.uint8Array({ minLength: 32, maxLength: 64 }), fc.constantFrom(...views), fc.nat(3))
  .map(([bytes, View, skipped]) => new View(bytes.slice().buffer, 8 * skipped, 1))

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: false,
  withUnicodeString: true,
  key: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('$', '__proto__', 'constructor', '')),
  values: [
    ...[fc.string({ unit: 'binary' }), fc.double(), fc.integer(), fc.boolean(), fc.bigInt(), fc.date(), view],
    ...[fc.constantFrom(undefined, null, -0, Number.NaN, Number.NEGATIVE_INFINITY, '\ud800', '\0')],
    ...[fc.uint8Array().map((bytes) => bytes.slice().buffer), fc.constantFrom(/a+/gi, new TypeError('no'))],
  ],
})

describe('what is encoded comes back', () => {
  test('as a structured clone would, whatever it is', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 9 }), (value, size) => {
        // Not by Vitest's equality, which takes a field named "constructor" for the class.
        deepStrictEqual(roundTrip(value, size), structuredClone(value))
      }),
      { numRuns: 1_000 },
    )
  })

  test('with keys of a Map that no text can be made of', () => {
    const value = new Map([[{ toString: false }, 1]])
    deepStrictEqual(roundTrip(value), structuredClone(value))
  })

  test('with its cycles and what it shares', () => {
    const buffer = new Uint8Array([1, 2, 3, 4]).buffer
    const shared = { n: 1 }
    const value: Record<string, unknown> = { shared: [shared, shared], one: new Uint8Array(buffer, 1, 2) }
    value.two = new DataView(buffer)
    value.map = new Map<unknown, unknown>([[value, value]])
    value.error = new RangeError('round', { cause: value })
    const back = roundTrip(value) as typeof value & { shared: unknown[]; one: Uint8Array; two: DataView }
    expect(back).toStrictEqual(value)
    expect(back.shared[0]).toBe(back.shared[1])
    expect(back.one.buffer).toBe(back.two.buffer)
    expect((back.map as Map<unknown, unknown>).get(back)).toBe(back)
    expect((back.error as Error).cause).toBe(back)
  })

  test('with errors as they were named', () => {
    const error = roundTrip(Object.assign(new TypeError('no'), { name: 'Own' })) as Error
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.message]).toEqual(['Own', 'no'])
  })

  test('with Blobs and Files read before', async () => {
    const blob = new Blob(['abcdefg'], { type: 'text/plain' })
    const file = new File(['fi', 'le'], 'ä.txt', { type: 'text/x', lastModified: 7 })
    const value = { list: [blob, new Set([file])], again: blob }
    const bytes = new Map<Blob, Uint8Array>()
    for (const each of blobsIn(value)) bytes.set(each, new Uint8Array(await each.arrayBuffer()))
    expect(bytes.size).toBe(2)
    const { text, parts } = encode(value, (each) => bytes.get(each) ?? unread())
    const back = decode(
      text,
      parts.flatMap((part) => pieces(part, 3)),
    ) as { list: [Blob, Set<File>]; again: Blob }
    expect(back.again).toBe(back.list[0])
    expect([back.again.type, await back.again.text()]).toEqual(['text/plain', 'abcdefg'])
    const [same] = back.list[1]
    expect(same).toBeInstanceOf(File)
    expect([same?.name, same?.type, same?.lastModified, await same?.text()]).toEqual([
      ...['ä.txt', 'text/x', 7, 'file'],
    ])
  })
})

test('what JSON can say is written as JSON says it', () => {
  const value = { id: 'a', list: [1, true, null], nested: { deep: 'ü' } }
  expect(JSON.parse(encode(value, unread).text)).toEqual({ v: 1, value, parts: [] })
})

test.each([
  ['a function', { a: [{ onClick: () => undefined }] }, 'payload.a[0].onClick', 'function'],
  ['a symbol', new Map([['k', Symbol('s')]]), 'payload.get(k)', 'symbol'],
  ['a promise', { later: Promise.resolve() }, 'payload.later', 'Promise'],
  ['a weak map', [new WeakMap()], 'payload[0]', 'WeakMap'],
  ['shared memory', { shared: new SharedArrayBuffer(1) }, 'payload.shared', 'SharedArrayBuffer'],
  ['what only calls itself a Map', { [Symbol.toStringTag]: 'Map' }, 'payload', 'Map'],
])('%s is refused by its path', (_, value, path, what) => {
  const error = thrownBy(() => encode(value, unread))
  expect(isQueueError(error, 'payload-not-storable') && error.path).toBe(path)
  expect(String(error)).toContain(what)
})

test.each([
  ['a newer version', '{"v":2,"value":1,"parts":[]}', [], 'version-ahead'],
  ['text that is cut', '{"v":1,"val', [], undefined],
  ['no object', '[]', [], undefined],
  ['an unknown kind', '{"v":1,"value":{"$":"Thing"},"parts":[]}', [], undefined],
  ['a kind of the prototype', '{"v":1,"value":{"$":"constructor"},"parts":[]}', [], undefined],
  ['a reference to nothing', '{"v":1,"value":{"$":"ref","to":3},"parts":[]}', [], undefined],
  ['bytes that are missing', '{"v":1,"value":{"$":"ArrayBuffer","part":0},"parts":[2]}', [1], undefined],
  ['bytes too many', '{"v":1,"value":1,"parts":[1]}', [1, 1], undefined],
  ['a part that is none', '{"v":1,"value":{"$":"ArrayBuffer","part":1},"parts":[1]}', [1], undefined],
])('%s is not taken for a payload', (_, text, lengths, code) => {
  const error = thrownBy(() =>
    decode(
      text,
      lengths.map((length) => new Uint8Array(length)),
    ),
  )
  expect(error).toBeInstanceOf(Error)
  if (code !== undefined) expect(isQueueError(error, 'version-ahead')).toBe(true)
})

function thrownBy(doing: () => unknown): unknown {
  try {
    doing()
  } catch (error) {
    return error
  }
  return undefined
}
