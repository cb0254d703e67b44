import { QueueError } from '../errors.ts'
import { clone } from '../store/clone.ts'
import type { Store } from '../store/contract.ts'
import { isJson } from '../worker/json.ts'

/** A payload as it is taken in: JSON text in the log, or a clone kept beside it; neither for `undefined`. */
export interface EncodedPayload {
  readonly payload?: string
  /** Its size (bytes). */
  readonly beside?: number
  /** With `beside`: what the store is to keep. */
  readonly value?: unknown
}

/** What a payload has to keep to. */
export interface PayloadLimits {
  readonly maxPayloadBytes: number
  readonly store: Pick<Store, 'assertStorable'>
}

/** JSON text up to this length (UTF-16 code units, as entries are measured) travels in the log. */
const maxInlineLength = 1_024

/**
 * Clones and measures a payload, before it joins an entry that others share.
 *
 * @throws QueueError `payload-not-storable`, which names the field, or `payload-too-large`.
 */
export function encodePayload(
  value: unknown,
  kind: string,
  { maxPayloadBytes: maxBytes, store }: PayloadLimits,
): EncodedPayload {
  if (value === undefined) return {}
  if (isJson(value)) {
    const text = JSON.stringify(value)
    if (text.length <= maxInlineLength) {
      // Counted where it can be too much only: no character takes more than three bytes.
      const bytes = text.length * 3 > maxBytes ? utf8Bytes(text) : 0
      return checked({ payload: text }, bytes, kind, maxBytes)
    }
    const bytes = utf8Bytes(text)
    return checked({ beside: bytes, value: JSON.parse(text) }, bytes, kind, maxBytes)
  }
  const clone = cloned(value, kind)
  store.assertStorable?.(clone)
  const bytes = bytesOf(clone, new Set())
  return checked({ beside: bytes, value: clone }, bytes, kind, maxBytes)
}

/** What is stored, as a value. */
export function decodePayload({ payload, value }: EncodedPayload): unknown {
  return payload === undefined ? value : JSON.parse(payload)
}

function checked(encoded: EncodedPayload, bytes: number, kind: string, maxBytes: number): EncodedPayload {
  if (bytes <= maxBytes) return encoded
  const message = `Cannot take the payload of "${kind}": it has ${bytes} bytes, of ${maxBytes} allowed`
  throw new QueueError('payload-too-large', message)
}

function cloned(value: unknown, kind: string): unknown {
  try {
    return clone(value)
  } catch (cause) {
    const path = culprit(value, 'payload', new Set())
    const message = `Cannot take the payload of "${kind}": ${path.at} is ${path.what}, which cannot be stored`
    throw new QueueError('payload-not-storable', message, { cause, path: path.at })
  }
}

interface Culprit {
  readonly at: string
  readonly what: string
}

/** The innermost field that cannot be cloned. */
function culprit(value: unknown, at: string, seen: Set<unknown>): Culprit {
  for (const [key, child] of fieldsOf(value)) {
    if (typeof child === 'object' && child !== null) {
      if (seen.has(child)) continue
      seen.add(child)
    }
    if (!isCloneable(child)) return culprit(child, at + key, seen)
  }
  return { at, what: nameOf(value) }
}

function isCloneable(value: unknown): boolean {
  try {
    clone(value)
    return true
  } catch {
    // The answer is the outcome itself.
    return false
  }
}

function* fieldsOf(value: unknown): Iterable<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Map) {
    for (const [key, item] of value) {
      if (typeof key === 'object') yield ['.keys()', key]
      // Not by the object's own `toString`, which may be anything.
      yield [`.get(${typeof key === 'object' ? typeof key : String(key)})`, item]
    }
  } else if (value instanceof Set) {
    let index = 0
    for (const item of value) yield [`.values()[${index++}]`, item]
  } else if (Array.isArray(value)) {
    // Without its holes.
    for (const key of Object.keys(value)) yield [`[${key}]`, Reflect.get(value, key)]
  } else if (Object.prototype.toString.call(value) === '[object Object]') {
    // Not a platform's own object: a node of a document is to blame itself, whatever hangs on it.
    for (const key of Object.keys(value)) yield [`.${key}`, Reflect.get(value, key)]
  }
}

function nameOf(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`
  return `a ${value.constructor?.name ?? 'value'}`
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}

/** What a clone weighs, roughly; text (as UTF-8) and binary data exactly. */
function bytesOf(value: unknown, seen: Set<unknown>): number {
  if (typeof value === 'string') return utf8Bytes(value)
  if (typeof value !== 'object' || value === null) return 8
  if (seen.has(value)) return 8
  seen.add(value)
  if (value instanceof Blob) return value.size
  if (value instanceof ArrayBuffer) return value.byteLength
  if (ArrayBuffer.isView(value)) return value.byteLength
  let bytes = 16
  for (const [key, item] of fieldsOf(value)) bytes += utf8Bytes(key) + bytesOf(item, seen)
  return bytes
}
