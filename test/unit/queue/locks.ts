import type { Locks } from '../../../src/worker/types.ts'

/** Web Locks as several contexts of one origin see them; a context that dies lets go of its locks. */
export interface FakeLocks {
  /** The locks as one context has them. */
  context(): Locks & { die(): void }
  /** The names that are held. */
  readonly held: readonly string[]
  /** How many requests wait for a lock. */
  readonly waiting: number
}

interface Waiter {
  readonly grant: () => void
  readonly owner: object
}

export function fakeLocks(): FakeLocks {
  const holders = new Map<string, object>()
  const waiters = new Map<string, Waiter[]>()

  const free = (name: string): void => {
    holders.delete(name)
    const next = waiters.get(name)?.shift()
    if (waiters.get(name)?.length === 0) waiters.delete(name)
    next?.grant()
  }

  const request = (owner: object, name: string, signal: AbortSignal | undefined, callback: Callback) =>
    new Promise<unknown>((resolve, reject) => {
      const grant = (): void => {
        signal?.removeEventListener('abort', abort)
        holders.set(name, owner)
        const end = (): void => {
          if (holders.get(name) === owner) free(name)
          resolve(undefined)
        }
        Promise.resolve().then(callback).then(end, reject)
      }
      const waiter = { grant, owner }
      const abort = (): void => {
        const line = waiters.get(name) ?? []
        line.splice(line.indexOf(waiter), 1)
        if (line.length === 0) waiters.delete(name)
        reject(signal?.reason)
      }
      if (signal?.aborted) return reject(signal.reason)
      if (!holders.has(name)) return grant()
      waiters.set(name, [...(waiters.get(name) ?? []), waiter])
      signal?.addEventListener('abort', abort, { once: true })
    })

  return {
    context() {
      const owner = {}
      return {
        request: (name, { signal }, callback) => request(owner, name, signal, callback),
        die() {
          for (const [name, line] of [...waiters]) {
            waiters.set(
              name,
              line.filter((waiter) => waiter.owner !== owner),
            )
          }
          for (const [name, holder] of [...holders]) if (holder === owner) free(name)
        },
      }
    },
    get held() {
      return [...holders.keys()]
    },
    get waiting() {
      return [...waiters.values()].reduce((sum, line) => sum + line.length, 0)
    },
  }
}

type Callback = () => Promise<void> | undefined
