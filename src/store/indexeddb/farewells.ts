import type { Decide, Missed, Store } from '../contract.ts'

const most = 100

/**
 * The store, with byes that survive the end of a page: WebKit drops whatever a page asks of IndexedDB while it goes
 * away, so that every navigation would pass for a crash. What it writes to `localStorage` stays, as everywhere. Workers
 * have none: there, a bye is what the database says.
 */
export function withFarewells(store: Store): Store {
  const farewells = createFarewells(`${store.identity}:byes`)
  let closed = false
  const joined = <T extends Pick<Missed, 'byes'>>(seen: T): T => {
    const said = farewells.all()
    return said.length === 0 ? seen : { ...seen, byes: [...new Set([...seen.byes, ...said])] }
  }
  const appending = async (
    decide: Decide,
    isOptimistic: boolean,
    append: (decide: Decide) => Promise<number | undefined>,
  ): Promise<number | undefined> => {
    let forgotten: readonly string[] = []
    let isFirst = isOptimistic
    const seq = await append((missed) => {
      const draft = decide(isFirst ? missed : joined(missed))
      isFirst = false
      forgotten = draft?.forget ?? []
      return draft
    })
    if (seq !== undefined && forgotten.length > 0) farewells.forget(forgotten)
    return seq
  }
  const { join } = store

  return {
    ...store,
    load: async () => joined(await store.load()),
    read: async (after) => joined(await store.read(after)),
    commit: (after, decide, options) =>
      appending(decide, !options?.fresh, (asked) => store.commit(after, asked, options)),
    ...(join && {
      join: (after, decide, work) => appending(decide, false, (asked) => join(after, asked, work)),
    }),
    leave(worker) {
      if (!closed) farewells.say(worker)
      return store.leave(worker)
    },
    async destroy() {
      const erased = store.destroy()
      closed = true
      await erased
      farewells.clear()
    },
    close() {
      closed = true
      return store.close()
    },
  }
}

interface Farewells {
  all(): readonly string[]
  say(worker: string): void
  forget(workers: readonly string[]): void
  clear(): void
}

function createFarewells(key: string): Farewells {
  const all = (): readonly string[] => {
    const kept = storage()?.getItem(key)
    return kept ? kept.split('\n') : []
  }
  const keep = (workers: readonly string[]): void => {
    if (workers.length === 0) storage()?.removeItem(key)
    else storage()?.setItem(key, workers.join('\n'))
  }
  return {
    all,
    say(worker) {
      try {
        keep([...all().filter((each) => each !== worker), worker].slice(-most))
      } catch {
        // Full, and the database may still hear of it.
        return
      }
    },
    forget(workers) {
      const said = all()
      const left = said.filter((each) => !workers.includes(each))
      if (left.length < said.length) keep(left)
    },
    clear: () => keep([]),
  }
}

function storage(): Storage | undefined {
  try {
    // Node has one too, for whoever named a file for it: a process does not go away as pages do.
    return typeof document === 'undefined' ? undefined : globalThis.localStorage
  } catch {
    // Refused, as IndexedDB will be.
    return undefined
  }
}
