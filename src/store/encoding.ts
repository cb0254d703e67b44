import { QueueError } from '../errors.ts'

/**
 * How a payload is written where the engine cannot store a structured clone: a JSON document, and the bytes it speaks
 * of beside it. Version 1 of the document is `{"v": 1, "value": …, "parts": […]}`; `parts` has the length of each
 * run of bytes, in order.
 *
 * JSON stands for itself. Everything else is an object with the field `$`:
 *
 * | `$` | other fields |
 * |---|---|
 * | `undefined` | |
 * | `number` | `is`: `-0`, `NaN`, `Infinity` or `-Infinity` |
 * | `bigint` | `digits` |
 * | `Date` | `at`: epoch milliseconds, or a `number` |
 * | `RegExp` | `source`, `flags` |
 * | `Map` | `entries`: pairs |
 * | `Set` | `values` |
 * | `Error` | `name`, `message`, `stack`, and `cause` if it has one |
 * | `ArrayBuffer` | `part`: which run of bytes |
 * | `Uint8Array`, …, `DataView` | `buffer`: an `ArrayBuffer`; `offset` in bytes; `length` in elements |
 * | `Blob` | `type`, `part` |
 * | `File` | `type`, `part`, `name`, `lastModified` |
 * | `Array` | `length`, `fields`: pairs; one with holes, or with names beside its indexes |
 * | `Object` | `fields`: pairs; one that has a field `$` itself |
 * | `ref` | `to`: the how-manieth object of the document, from 0: that very object again |
 *
 * Objects are counted in the order in which the document opens them, a `ref` not included; so cycles and shared
 * buffers come back as they were. As in a structured clone, prototypes, accessors and symbols are lost. Runs of bytes
 * are little-endian.
 */
export interface Encoded {
  readonly text: string
  readonly parts: readonly Uint8Array[]
}

const version = 1

type Fields = Record<string, unknown>

/**
 * Writes a value down. `bytesOf` gives the bytes of a Blob, which had to be read before.
 *
 * @throws QueueError `payload-not-storable`, which names the field that cannot be written.
 */
export function encode(value: unknown, bytesOf: (blob: Blob) => Uint8Array): Encoded {
  const writer: Writer = { seen: new Map(), parts: [], bytesOf }
  const root = write(writer, value, 'payload')
  const parts = writer.parts.map(({ byteLength }) => byteLength)
  return { text: JSON.stringify({ v: version, value: root, parts }), parts: writer.parts }
}

/**
 * Whether a value can be written down; reads no Blob and copies no bytes.
 *
 * @throws QueueError `payload-not-storable`, which names the field that cannot be written.
 */
export function assertEncodable(value: unknown): void {
  write({ seen: new Map(), parts: [], bytesOf: () => noBytes }, value, 'payload')
}

const noBytes = new Uint8Array()

interface Writer {
  readonly seen: Map<object, number>
  readonly parts: Uint8Array[]
  readonly bytesOf: (blob: Blob) => Uint8Array
}

function write(writer: Writer, value: unknown, path: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $: 'number', is: nameOfNumber(value) }
    case 'bigint':
      return { $: 'bigint', digits: String(value) }
    case 'undefined':
      return { $: 'undefined' }
    case 'object':
      return value === null ? null : writeObject(writer, value, path)
    default:
      throw refused(path, `a ${typeof value}`)
  }
}

function nameOfNumber(value: number): string {
  return value === 0 ? '-0' : String(value)
}

function writeObject(writer: Writer, value: object, path: string): unknown {
  const to = writer.seen.get(value)
  if (to !== undefined) return { $: 'ref', to }
  writer.seen.set(value, writer.seen.size)
  if (Array.isArray(value)) return writeArray(writer, value, path)
  const kind = kindOf(value)
  if (kind === 'Object') return writeFields(writer, value, path)
  const fields = ArrayBuffer.isView(value)
    ? viewFields(writer, value, path)
    : writers[kind]?.(writer, value, path)
  if (fields === undefined) throw refused(path, `a ${kind}`)
  return { $: kind, ...fields }
}

function writeArray(writer: Writer, value: readonly unknown[], path: string): unknown {
  const keys = Object.keys(value)
  const isDense = keys.length === value.length && keys.every((key, index) => key === String(index))
  if (isDense) return value.map((item, index) => write(writer, item, `${path}[${index}]`))
  return { $: 'Array', length: value.length, fields: pairs(writer, value, path) }
}

function writeFields(writer: Writer, value: object, path: string): unknown {
  const fields = pairs(writer, value, path)
  // Not by assignment: a field may be called __proto__.
  return Object.hasOwn(value, '$') ? { $: 'Object', fields } : Object.fromEntries(fields)
}

function pairs(writer: Writer, value: object, path: string): [string, unknown][] {
  return Object.entries(value).map(([key, item]) => [key, write(writer, item, `${path}.${key}`)])
}

function viewFields(writer: Writer, view: ArrayBufferView, path: string): Fields {
  const width = 'BYTES_PER_ELEMENT' in view ? Number(view.BYTES_PER_ELEMENT) : 1
  const length = view.byteLength / width
  return { buffer: write(writer, view.buffer, `${path}.buffer`), offset: view.byteOffset, length }
}

/** By kind: its fields, or `undefined` if it only looks like one. */
const writers: Readonly<Record<string, (writer: Writer, value: object, path: string) => Fields | undefined>> =
  {
    Date: (writer, value, path) =>
      value instanceof Date ? { at: write(writer, value.getTime(), path) } : undefined,
    RegExp: (_, value) =>
      value instanceof RegExp ? { source: value.source, flags: value.flags } : undefined,
    Map(writer, value, path) {
      if (!(value instanceof Map)) return undefined
      const entry = ([key, item]: [unknown, unknown]) => [
        write(writer, key, `${path}.keys()`),
        write(writer, item, `${path}.get(${nameOfKey(key)})`),
      ]
      return { entries: [...value].map(entry) }
    },
    Set: (writer, value, path) =>
      value instanceof Set
        ? { values: [...value].map((item) => write(writer, item, `${path}.values()`)) }
        : undefined,
    Error(writer, value, path) {
      if (!(value instanceof Error)) return undefined
      const { name, message, stack } = value
      const cause = 'cause' in value ? { cause: write(writer, value.cause, `${path}.cause`) } : {}
      return { name, message, stack, ...cause }
    },
    ArrayBuffer: (writer, value) =>
      value instanceof ArrayBuffer ? { part: writer.parts.push(new Uint8Array(value)) - 1 } : undefined,
    Blob: (writer, value) => (value instanceof Blob ? blobFields(writer, value) : undefined),
    File(writer, value) {
      if (!(value instanceof File)) return undefined
      const { name, lastModified } = value
      return { ...blobFields(writer, value), name, lastModified }
    },
  }

function blobFields(writer: Writer, blob: Blob): Fields {
  return { type: blob.type, part: writer.parts.push(writer.bytesOf(blob)) - 1 }
}

/** `Map`, `Date`, `Uint8Array`, …: as the object itself tells. */
function kindOf(value: object): string {
  // Bun's Files call themselves Blobs.
  if (value instanceof Blob) return value instanceof File ? 'File' : 'Blob'
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** Not by its own `toString`, where it is an object: that may be anything. */
function nameOfKey(key: unknown): string {
  return typeof key === 'object' ? Object.prototype.toString.call(key) : String(key)
}

function refused(path: string, what: string): QueueError {
  return new QueueError('payload-not-storable', `Cannot store the payload: ${path} is ${what}`, { path })
}

/** The Blobs in a value, each once: their bytes can only be read asynchronously, so before it is encoded. */
export function blobsIn(value: unknown, seen: Set<unknown> = new Set()): Blob[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  if (value instanceof Blob) return [value]
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return []
  const within = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : []
  const cause = value instanceof Error ? [value.cause] : []
  return [...within, ...cause, ...Object.values(value)].flatMap((item) => blobsIn(item, seen))
}
