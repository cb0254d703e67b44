/** Resolves to what `look` finds, once it finds something. @throws Error when that takes longer than `limitMs`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 60_000,
): Promise<T> {
  const endAt = performance.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > endAt) throw new Error(`waited ${limitMs / 1_000} s in vain: ${what}`)
    await pause(20)
  }
}

/** Like the promise, but rejects when that takes longer than `limitMs`. */
export function within<T>(what: string, promise: Promise<T>, limitMs = 60_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${limitMs / 1_000} s in vain: ${what}`)), limitMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
