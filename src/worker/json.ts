/** Whether a value is the same after a way through JSON: plain objects and arrays of finite numbers, text and so on. */
export function isJson(value: unknown): boolean {
  return isJsonWithin(value, 100)
}

/** Deeper than `depth` is not asked: such a value goes the way of structured clone. */
function isJsonWithin(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object' || depth === 0) return false
  if (Array.isArray(value)) return isPlainArray(value) && value.every((item) => isJsonWithin(item, depth - 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  if (
    Object.getOwnPropertySymbols(value).length > 0 ||
    'toJSON' in value ||
    Object.hasOwn(value, '__proto__')
  ) {
    return false
  }
  return Object.values(value).every((item) => isJsonWithin(item, depth - 1))
}

/** No holes, and nothing beside its items. */
function isPlainArray(value: readonly unknown[]): boolean {
  return Object.keys(value).length === value.length && Object.getPrototypeOf(value) === Array.prototype
}
