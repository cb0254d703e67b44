import { createQueue } from 'holdfast'
import type { Bench, Cases } from './bench.ts'
import { assert, refuses, same } from './expect.ts'

/** Payloads that are more than JSON. */
export const payloadCases: Cases = {
  'Map, Set, Date, bigint, undefined and cycles come back as they were': async (bench) => {
    const shared = { deep: [1, undefined, -0] }
    const payload = {
      ...{ map: new Map<unknown, unknown>([['a', new Date(7)]]), set: new Set([1, 'b']), big: 2n ** 70n },
      ...{ pattern: /a+/gi, nothing: undefined, not: Number.NaN, one: shared, other: shared },
    }
    payload.map.set('self', payload)
    const back = await handled(bench, payload)
    const at = back.map.get('a')
    assert(at instanceof Date && at.getTime() === 7, 'a Date in a Map')
    assert(back.map.get('self') === back, 'the cycle')
    same([...back.set], [1, 'b'], 'the Set')
    assert(back.big === 2n ** 70n, 'the bigint')
    same([back.pattern.source, back.pattern.flags], ['a+', 'gi'], 'the RegExp')
    assert('nothing' in back && back.nothing === undefined && Number.isNaN(back.not), 'undefined and NaN')
    assert(back.one === back.other && Object.is(back.one.deep[2], -0), 'one object twice, and -0')
  },

  'ArrayBuffer and typed arrays come back as they were': async (bench) => {
    const buffer = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]).buffer
    const payload = { buffer, part: new Uint16Array(buffer, 2, 2), floats: new Float64Array([0.1, -1e300]) }
    const back = await handled(bench, payload)
    assert(back.buffer instanceof ArrayBuffer && back.buffer.byteLength === 8, 'the ArrayBuffer')
    assert(back.part instanceof Uint16Array && back.part.buffer === back.buffer, 'a view of that buffer')
    same([...back.part], [...payload.part], 'the view')
    same([...back.floats], [0.1, -1e300], 'the floats')
  },

  'Blob and File come back with their bytes, type, name and time': async (bench) => {
    const blob = new Blob(['é', new Uint8Array([0, 255])], { type: 'image/png' })
    const file = new File(['text'], 'notes.txt', { type: 'text/plain', lastModified: 1_000 })
    const back = await handled(bench, { photos: [blob], file })
    const [photo] = back.photos
    assert(photo instanceof Blob && photo.type === 'image/png', 'a Blob of its type')
    same([...new Uint8Array(await photo.arrayBuffer())], [0xc3, 0xa9, 0, 255], 'its bytes')
    assert(back.file instanceof File, 'a File')
    same([back.file.name, back.file.type, back.file.lastModified], ['notes.txt', file.type, 1_000], 'it')
    same(await back.file.text(), 'text', 'its text')
  },

  'five megabytes come back whole, and are gone when their job is completed': async (bench) => {
    const bytes = new Uint8Array(5_000_001).map((_, at) => (at * 31 + (at >> 8)) & 0xff)
    const text = 'é👍'.repeat(400_000)
    const payload = { bytes, text }
    let isWhole = false
    const check = async (given: typeof payload) => {
      isWhole = given.text === text && given.bytes.byteLength === bytes.byteLength
      isWhole &&= given.bytes.every((byte, at) => byte === bytes[at])
    }
    const queue = bench.keep(createQueue({ ...bench.given(), handlers: { check } }))
    const { id } = await queue.enqueue('check', payload)
    assert(((await queue.get(id))?.payloadBytes ?? 0) > 5_000_000, 'the payload to be counted')
    same((await queue.drain()).completed, 1, 'completions')
    assert(isWhole, 'every byte and character as it was')
    same([await queue.payload(id), (await queue.get(id))?.payloadBytes], [undefined, 0], 'what is left of it')
  },

  'a payload is copied when it is enqueued, and afresh for each attempt': async (bench) => {
    const seen: string[] = []
    const spoil = async (list: string[], { attempt }: { attempt: number }) => {
      seen.push(list.join())
      list.push(`spoilt by ${attempt}`)
      if (attempt === 1) throw new Error('Once more')
    }
    const queue = bench.keep(createQueue({ ...bench.given(), handlers: { spoil } }))
    for (const filler of ['', 'x'.repeat(2_000)]) {
      const list = ['as given', filler]
      const taken = queue.enqueue('spoil', list)
      list.push('afterwards')
      await taken
      await queue.drain()
      bench.clock.advance(86_400_000)
      await queue.drain()
      same(seen.splice(0), [`as given,${filler}`, `as given,${filler}`], 'what the attempts were given')
    }
  },

  'what cannot be stored is refused, and its place named': async ({ given, keep }) => {
    const queue = keep(createQueue({ ...given(), handlers: { any: async (_: unknown) => null } }))
    const payload = { items: [{ onClick: () => 1 }] }
    const error = await refuses('payload-not-storable', queue.enqueue('any', payload), 'a function')
    same(error.path, 'payload.items[0].onClick', 'the place')
    same((await queue.info()).counts.pending, 0, 'jobs')
  },
}

/** The payload as a handler gets it. */
async function handled<T>({ given, keep }: Bench, payload: T): Promise<T> {
  const seen: T[] = []
  const handlers = { see: async (value: unknown) => void seen.push(value as T) }
  const queue = keep(createQueue({ ...given(), handlers }))
  await queue.enqueue('see', payload)
  const { completed } = await queue.drain()
  const [back] = seen
  assert(completed === 1 && back !== undefined, 'its handler to be called')
  return back
}
