let clonesFiles: boolean | undefined

/**
 * As `structuredClone`, but with the Files that the platform's own refuses (workerd) or makes Blobs of (Node 22). They
 * never change: a clone has the very same ones.
 *
 * @throws what `structuredClone` throws.
 */
export function clone(value: unknown): unknown {
  clonesFiles ??= canCloneFiles()
  if (clonesFiles) return structuredClone(value)
  const files: File[] = []
  const stands: object[] = []
  const bare = rebuilt(value, (each) => {
    if (!(each instanceof File)) return each
    files.push(each)
    return stands[stands.push({}) - 1] ?? each
  })
  if (files.length === 0) return structuredClone(value)
  // In one call, so that what stood for a File can be told by its identity.
  const [copy, marks] = structuredClone([bare, stands] as const)
  return rebuilt(copy, (each) => files[marks.indexOf(each)] ?? each)
}

function canCloneFiles(): boolean {
  if (typeof File === 'undefined') return true
  try {
    return structuredClone(new File([], '')) instanceof File
  } catch {
    return false
  }
}

/** The same with other objects for some; lists, maps, sets and records are made anew, cycles kept. */
export function rebuilt(
  value: unknown,
  swap: (value: object) => object,
  seen: Map<object, unknown> = new Map(),
): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  const keep = <T>(made: T): T => {
    seen.set(value, made)
    return made
  }
  const other = swap(value)
  if (other !== value) return keep(other)
  const inner = (item: unknown): unknown => rebuilt(item, swap, seen)
  if (value instanceof Map) {
    const map = keep(new Map())
    for (const [key, item] of value) map.set(inner(key), inner(item))
    return map
  }
  if (value instanceof Set) {
    const set = keep(new Set())
    for (const item of value) set.add(inner(item))
    return set
  }
  const isList = Array.isArray(value)
  if (!isList && Object.prototype.toString.call(value) !== '[object Object]') return value
  const made: object = keep(isList ? new Array(value.length) : {})
  for (const [key, item] of Object.entries(value)) {
    // Not by assignment: a field may be called __proto__.
    const field = { value: inner(item), configurable: true, enumerable: true, writable: true }
    Object.defineProperty(made, key, field)
  }
  return made
}
