import { rebuilt } from '../clone.ts'
import type { PayloadPut } from '../contract.ts'

/**
 * Some versions of iOS fail to store Blobs. What one refused is stored as its bytes, and given back as a Blob.
 */
export interface Blobs {
  /** Reads the bytes of the Blobs in these payloads; `false` when there is none that was not read before. */
  convert(puts: readonly PayloadPut[] | undefined): Promise<boolean>
  /** The value, with bytes in the place of every Blob that was converted. */
  pack(value: unknown): unknown
  /** The value as it was before `pack`. */
  unpack(value: unknown): unknown
}

const marker = 'holdfast:bytes'

export function createBlobs(): Blobs {
  const converted = new WeakMap<Blob, ArrayBuffer>()
  let any = false

  return {
    async convert(puts = []) {
      const blobs = new Set<Blob>()
      for (const { value } of puts) {
        rebuilt(value, (leaf) => {
          if (leaf instanceof Blob && !converted.has(leaf)) blobs.add(leaf)
          return leaf
        })
      }
      for (const blob of blobs) converted.set(blob, await blob.arrayBuffer())
      any ||= blobs.size > 0
      return blobs.size > 0
    },
    pack(value) {
      if (!any) return value
      let packed = false
      const copy = rebuilt(value, (leaf) => {
        const buffer = leaf instanceof Blob ? converted.get(leaf) : undefined
        if (!(leaf instanceof Blob) || buffer === undefined) return leaf
        packed = true
        const { type } = leaf
        if (!(leaf instanceof File)) return { [marker]: 'blob', type, buffer }
        return { [marker]: 'file', type, buffer, name: leaf.name, lastModified: leaf.lastModified }
      })
      return packed ? { [marker]: 'payload', value: copy } : value
    },
    unpack(value) {
      if (markerOf(value) !== 'payload' || !isRecord(value)) return value
      return rebuilt(value.value, (leaf) => (isRecord(leaf) ? blobOf(leaf) : leaf))
    },
  }
}

function blobOf(record: Record<string, unknown>): object {
  const { type, buffer, name, lastModified } = record
  if (typeof type !== 'string' || !(buffer instanceof ArrayBuffer)) return record
  if (markerOf(record) === 'blob') return new Blob([buffer], { type })
  if (markerOf(record) !== 'file' || typeof name !== 'string' || typeof lastModified !== 'number')
    return record
  return new File([buffer], name, { type, lastModified })
}

function markerOf(value: unknown): unknown {
  return isRecord(value) ? value[marker] : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
