/** The script of the bench's page: does what it is told, one contestant at a time. */
import { pageWire } from '../../engines/page/wire.ts'
import type { Told, Work } from '../work.ts'
import { keepAlive } from './alive.ts'
import { type Heap, heap } from './heap.ts'
import { type Tabs, tabs } from './tabs.ts'
import { growth } from './works/growth.ts'
import { works } from './works/works.ts'

/** What the process outside finds as `bench`. */
export interface Bench {
  works(which: 'table' | 'growth'): Work[]
  /** @throws Error that has kept the page from what it keeps alive. */
  isReady(): boolean
  /** Has a contestant begin; {@link told} says when it is done. */
  begin(order: { readonly work: string; readonly contestant: string; readonly scale: number }): void
  told(): Told
  readonly tabs: Tabs
  readonly heap: Heap
}

declare global {
  var bench: Bench
  /** The page in a frame; absent where its script failed. */
  interface Window {
    readonly bench?: Bench
  }
}

let told: Told

let readiness: boolean | Error = false

globalThis.bench = {
  works: (which) =>
    (which === 'growth' ? growth : works).map(({ contestants, ...work }) => ({
      ...work,
      contestants: contestants.map(({ name, rounds }) => ({ name, rounds })),
    })),
  isReady() {
    if (readiness instanceof Error) throw readiness
    return readiness
  },
  begin({ work, contestant, scale }) {
    told = undefined
    const runner = [...works, ...growth]
      .find(({ id }) => id === work)
      ?.contestants.find(({ name }) => name === contestant)
    if (runner === undefined) throw new RangeError(`There is no ${contestant} in ${work}`)
    runner.run(scale).then(
      (figure) => {
        told = { figure }
      },
      (error: unknown) => {
        told = { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
      },
    )
  },
  told: () => told,
  tabs,
  heap,
}

pageWire()

const ready = (): void => {
  readiness = true
}
const failed = (cause: unknown): void => {
  readiness = new Error('Cannot keep the contestants alive', { cause })
}
// In a frame everything is to be new.
if (self === top) keepAlive().then(ready, failed)
else ready()
