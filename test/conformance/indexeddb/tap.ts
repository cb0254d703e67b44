import { onTestFinished, vi } from 'vitest'

const requestMethods = ['add', 'put', 'delete', 'get', 'getKey', 'getAll', 'getAllKeys', 'count'] as const

/** What IndexedDB was asked for, while the test runs. */
export interface Tap {
  /** Every transaction begun since `clear`, in order. */
  readonly transactions: readonly IDBTransaction[]
  /** Every request made since `clear`, in order, as `<object store>.<method>`. */
  readonly requests: readonly string[]
  clear(): void
}

/** Listens in on IndexedDB. */
export function tap(): Tap {
  const begun = vi.spyOn(IDBDatabase.prototype, 'transaction')
  const requests: string[] = []
  const spies = requestMethods.map((method) => {
    const original: (...args: never[]) => IDBRequest = IDBObjectStore.prototype[method]
    return vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(function (
      this: unknown,
      ...args: unknown[]
    ) {
      if (this instanceof IDBObjectStore) requests.push(`${this.name}.${method}`)
      return Reflect.apply(original, this, args)
    })
  })
  onTestFinished(() => {
    begun.mockRestore()
    for (const spy of spies) spy.mockRestore()
  })
  return {
    get transactions() {
      return begun.mock.results.flatMap(({ type, value }) => (type === 'return' ? [value] : []))
    },
    requests,
    clear() {
      begun.mockClear()
      requests.length = 0
    },
  }
}

/** Replaces one method of a platform class until the test ends; `replacement` gets the original to call. */
export function replaceMethod<This, Args extends unknown[], Result>(
  prototype: object,
  method: string,
  replacement: (original: (...args: Args) => Result, self: This, args: Args) => Result,
): { restore(): void } {
  const original: (...args: Args) => Result = Reflect.get(prototype, method)
  const restore = () => void Reflect.set(prototype, method, original)
  Reflect.set(prototype, method, function (this: This, ...args: Args) {
    return replacement((...given) => Reflect.apply(original, this, given), this, args)
  })
  onTestFinished(restore)
  return { restore }
}
