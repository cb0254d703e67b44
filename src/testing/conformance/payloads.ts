import { isQueueError } from '../../errors.ts'
import type { Store } from '../../store/contract.ts'
import { assert, rejection, same } from './assert.ts'
import { type Cases, draftOf, headOf } from './bench.ts'

/** What is kept beside the log. */
export const payloadCases: Cases = {
  'a payload is put, replaced and deleted with an entry': async ({ open }) => {
    const [store, other] = [open(), open()]
    const { log } = await headOf(store)
    same(await store.payload('p'), undefined, 'a payload that was never put')
    await store.commit({ log, seq: 0 }, () => draftOf('a:1', { put: [{ id: 'p', value: { n: 1 } }] }))
    same(await other.payload('p'), { n: 1 }, 'the payload')
    await store.commit({ log, seq: 1 }, () => draftOf('a:2', { put: [{ id: 'p', value: { n: 2 } }] }))
    same(await other.payload('p'), { n: 2 }, 'the replaced payload')
    await store.commit({ log, seq: 2 }, () => draftOf('a:3', { delete: ['p', 'never put'] }))
    same(await other.payload('p'), undefined, 'the deleted payload')
    same(await store.payload('p'), undefined, 'the deleted payload, where it was deleted')
  },

  'assertStorable, where there is one, names what cannot be stored, and lets by what can': async ({
    open,
  }) => {
    const store = open()
    if (store.assertStorable === undefined) return
    const value = { map: new Map([['k', new Set([1n])]]), blob: new Blob(['b']) }
    store.assertStorable(value)
    await putOne(store, 'p', value)
    const check = async () => store.assertStorable?.({ list: [{ call: () => 1 }] })
    const error = await rejection(check(), 'a payload with a function')
    assert(isQueueError(error, 'payload-not-storable'), 'the code payload-not-storable')
    same(error.path, 'payload.list[0].call', 'the place')
  },

  'a payload is a copy, going in and coming out': async ({ open }) => {
    const store = open()
    const value = { list: [1] }
    await putOne(store, 'p', value)
    value.list.push(2)
    const first = await store.payload('p')
    same(first, { list: [1] }, 'the payload')
    if (typeof first === 'object' && first !== null) Object.assign(first, { list: [] })
    same(await store.payload('p'), { list: [1] }, 'the payload, read again')
  },

  'Map, Set, Date, BigInt, buffers and cycles come back as they were': async ({ open }) => {
    const value = {
      map: new Map<unknown, unknown>([['key', { deep: [1, undefined, null, Number.NaN, -0] }]]),
      set: new Set(['a', 1]),
      date: new Date(86_400_000),
      big: 2n ** 80n,
      buffer: new Uint8Array([1, 2, 255]).buffer,
      view: new Float64Array([0.1, Number.POSITIVE_INFINITY]),
      text: 'ünïcödé 👍',
    }
    const store = open()
    await putOne(store, 'p', value)
    same(await open().payload('p'), value, 'the payload')
    const cycle: { self?: unknown; n: number } = { n: 1 }
    cycle.self = cycle
    await putOne(store, 'cycle', cycle)
    const back = await open().payload('cycle')
    assert(
      typeof back === 'object' && back !== null && 'self' in back && back.self === back,
      'a cycle to be kept',
    )
  },

  'Blobs and Files come back byte for byte, with their names and types': async ({ open }) => {
    const bytes = noise(300_000)
    const blob = new Blob([bytes], { type: 'image/png' })
    const file = new File([bytes, 'tail'], 'phötö.png', { type: 'image/png', lastModified: 1_000 })
    const store = open()
    await putOne(store, 'p', { blob, nested: [new Map([['file', file]])] })
    const back = await open().payload('p')
    assert(typeof back === 'object' && back !== null && 'blob' in back && 'nested' in back, 'the object')
    const { nested } = back
    const gotFile: unknown =
      Array.isArray(nested) && nested[0] instanceof Map ? nested[0].get('file') : undefined
    assert(back.blob instanceof Blob, 'a Blob')
    same(back.blob.type, 'image/png', 'its type')
    assert(await sameBytes(back.blob, blob), 'its bytes')
    assert(gotFile instanceof File, 'a File')
    const { name, type, lastModified } = gotFile
    same(
      { name, type, lastModified },
      { name: 'phötö.png', type: 'image/png', lastModified: 1_000 },
      'its fields',
    )
    assert(await sameBytes(gotFile, file), "the File's bytes")
  },

  'a payload of several megabytes comes back byte for byte': async ({ open }) => {
    const bytes = noise(5_000_000)
    await putOne(open(), 'p', { bytes })
    const back = await open().payload('p')
    assert(typeof back === 'object' && back !== null && 'bytes' in back, 'the object')
    assert(back.bytes instanceof Uint8Array, 'a Uint8Array')
    assert(await sameBytes(new Blob([back.bytes.slice()]), new Blob([bytes])), 'its bytes')
  },

  'a payload that cannot be cloned fails its commit, and nothing is written': async ({ open }) => {
    const store = open()
    const head = await headOf(store)
    const put = [
      { id: 'good', value: 1 },
      { id: 'bad', value: { callback: () => undefined } },
    ]
    for (const fresh of [false, true]) {
      const error = await rejection(
        store.commit(head, () => draftOf('a:1', { put }), { fresh }),
        'the commit',
      )
      assert(isQueueError(error, 'store-failed') && !error.uncertain, 'store-failed, and not uncertain')
    }
    same(await headOf(store), head, 'the head')
    same(await store.payload('good'), undefined, 'the payload beside it')
    same(await store.commit(head, () => draftOf('a:2')), 1, 'the next sequence')
  },
}

async function putOne(store: Store, id: string, value: unknown): Promise<void> {
  await store.commit(await headOf(store), () => draftOf(`put ${id}`, { put: [{ id, value }] }))
}

/** Bytes that no compression helps with, the same every time. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let state = 1
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

async function sameBytes(a: Blob, b: Blob): Promise<boolean> {
  const left = new Uint8Array(await a.arrayBuffer())
  const right = new Uint8Array(await b.arrayBuffer())
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
