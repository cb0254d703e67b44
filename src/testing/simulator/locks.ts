import type { Locks } from '../../worker/types.ts'
import type { Mortal, World } from './world.ts'

interface Waiter {
  readonly whom: Mortal
  readonly grant: () => void
}

/** Web Locks as contexts share them: granted in turn, freed when their holder lets go, or dies. */
export class SharedLocks {
  readonly #world: World
  readonly #holders: Map<string, Mortal> = new Map()
  readonly #waiting: Map<string, Waiter[]> = new Map()

  constructor(world: World) {
    this.#world = world
  }

  /** One context's view. */
  of(whom: Mortal): Locks {
    return {
      request: (name, { signal }, callback) =>
        new Promise((resolve, reject) => {
          const grant = (): void => {
            if (signal?.aborted) {
              this.#free(name)
              return
            }
            signal?.removeEventListener('abort', abort)
            const release = (): void => this.#free(name)
            Promise.resolve(callback()).then(release, release)
            resolve(undefined)
          }
          const waiter = { whom, grant }
          const abort = (): void => {
            const line = this.#line(name)
            if (line.includes(waiter)) line.splice(line.indexOf(waiter), 1)
            reject(signal?.reason)
          }
          signal?.addEventListener('abort', abort, { once: true })
          this.#line(name).push(waiter)
          this.#serve(name)
        }),
    }
  }

  /** A context died: what it held is freed soon, or (its process lives on, say) never. */
  bury(whom: Mortal, isFreed: boolean): void {
    for (const [name, holder] of this.#holders) {
      if (holder !== whom || !isFreed) continue
      this.#world.later(undefined, `lock ${name} frees`, this.#world.random.below(2_000), () =>
        this.#free(name),
      )
    }
  }

  #line(name: string): Waiter[] {
    const line = this.#waiting.get(name) ?? []
    this.#waiting.set(name, line)
    return line
  }

  #free(name: string): void {
    this.#holders.delete(name)
    this.#serve(name)
  }

  #serve(name: string): void {
    if (this.#holders.has(name)) return
    const line = this.#line(name)
    let next = line.shift()
    while (next?.whom.isDead) next = line.shift()
    if (next === undefined) return
    const { whom, grant } = next
    this.#holders.set(name, whom)
    this.#world.later(whom, `${whom.name} gets lock ${name}`, 0, grant)
  }
}
