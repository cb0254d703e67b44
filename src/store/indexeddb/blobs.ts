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
        mapped(value, (leaf) => {
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
      const copy = mapped(value, (leaf) => {
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
      return mapped(value.value, (leaf) => (isRecord(leaf) ? blobOf(leaf) : leaf))
    },
  }
}

function blobOf(record: Record<string, unknown>): unknown {
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

/** A copy of what clones carry, with `change` applied to everything on the way down; cycles are kept. */
function mapped(
  value: unknown,
  change: (value: unknown) => unknown,
  seen = new Map<unknown, unknown>(),
): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (seen.has(value)) return seen.get(value)
  const changed = change(value)
  if (changed !== value) {
    seen.set(value, changed)
    return changed
  }
  const deeper = (child: unknown) => mapped(child, change, seen)
  if (Array.isArray(value)) {
    return fill(value, new Array<unknown>(value.length), seen, (copy) => {
      for (const [index, child] of value.entries()) copy[index] = deeper(child)
    })
  }
  if (value instanceof Map) {
    return fill(value, new Map(), seen, (copy) => {
      for (const [key, child] of value) copy.set(deeper(key), deeper(child))
    })
  }
  if (value instanceof Set) {
    return fill(value, new Set(), seen, (copy) => {
      for (const child of value) copy.add(deeper(child))
    })
  }
  if (!isRecord(value)) return value
  return fill(value, {} as Record<string, unknown>, seen, (copy) => {
    for (const [key, child] of Object.entries(value)) copy[key] = deeper(child)
  })
}

// Known before it is filled, so that what points back at it finds it.
function fill<T>(value: unknown, copy: T, seen: Map<unknown, unknown>, filler: (copy: T) => void): T {
  seen.set(value, copy)
  filler(copy)
  return copy
}
