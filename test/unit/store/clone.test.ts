import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** Platforms whose own `structuredClone` makes Blobs of Files, or refuses them. */
const native = globalThis.structuredClone

beforeEach(() => vi.resetModules())
afterEach(() => vi.unstubAllGlobals())

async function cloneWhere(own: typeof structuredClone) {
  vi.stubGlobal('structuredClone', own)
  const { clone } = await import('../../../src/store/clone.ts')
  return clone
}

/** Refuses Files wherever they are, as workerd does. */
function refusing<T>(value: T): T {
  look(value, new Set())
  return native(value)
}

function look(value: unknown, seen: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof File) throw new DOMException('a File', 'DataCloneError')
  for (const item of value instanceof Map || value instanceof Set ? value : Object.values(value))
    look(item, seen)
}

const file = new File(['text'], 'notes.txt', { type: 'text/plain', lastModified: 7 })

test('a File comes back within whatever holds it, and everything else is a copy', async () => {
  const clone = await cloneWhere(refusing)
  const bytes = new Uint8Array([1, 2, 3])
  const sparse = new Array<unknown>(3)
  sparse[0] = file
  sparse[2] = file
  const given: Record<string, unknown> = {
    ...{ list: sparse, map: new Map<unknown, unknown>([[file, { file }]]), set: new Set([file]) },
    ...{ bytes, view: new DataView(bytes.buffer, 1), date: new Date(7), nothing: undefined },
  }
  given.self = given
  Object.defineProperty(given, '__proto__', { value: 'own', enumerable: true })
  // What was given, but for its cycles.
  const back = clone(given) as typeof given & { list: unknown[]; map: Map<unknown, { file: File }> }
  expect(back).not.toBe(given)
  expect(back.self).toBe(back)
  expect(back.list).toHaveLength(3)
  expect(1 in back.list).toBe(false)
  expect([back.list[0], back.list[2], back.map.get(file)?.file]).toEqual([file, file, file])
  expect(back.set).toEqual(new Set([file]))
  expect(back.bytes).toEqual(bytes)
  expect(back.bytes).not.toBe(bytes)
  expect(back.view instanceof DataView && back.view.buffer).toBe(Reflect.get(Object(back.bytes), 'buffer'))
  expect(Object.hasOwn(back, '__proto__') && 'nothing' in back).toBe(true)
})

test('a File is no Blob afterwards where the platform would make it one', async () => {
  const clone = await cloneWhere(<T>(value: T): T => native(value instanceof File ? blobOf(value) : value))
  expect(clone({ file })).toEqual({ file })
})

test('what cannot be cloned beside a File is refused all the same', async () => {
  const clone = await cloneWhere(refusing)
  expect(() => clone({ file, onClick: () => 1 })).toThrow('could not be cloned')
})

function blobOf<T>(value: T): T {
  // What Node 22 makes of it.
  return new Blob([value as BlobPart]) as T
}
