import type { Decide, Store, StoreFactory } from '../../../src/store/contract.ts'
import { memoryStore } from '../../../src/store/memory.ts'

/** A store that breaks one sentence of the contract, and the test of the suite that says so. */
export interface Mutant {
  readonly caughtBy: string
  /** Given the honest handle, a way to open another, and how many were opened before. */
  readonly break: (inner: Store, another: () => Store, ordinal: number) => Partial<Store>
}

export function mutantStore(mutant: Mutant): StoreFactory {
  const factory = memoryStore()
  let handles = 0
  return (name) => {
    const inner = factory(name)
    handles += 1
    return { ...inner, ...mutant.break(inner, () => factory(name), handles - 1) }
  }
}

export type Mutants = Readonly<Record<string, Mutant>>

/** A mutant whose commits decide otherwise. */
export function deciding(wrap: (decide: Decide) => Decide): Mutant['break'] {
  return (inner) => ({ commit: (after, decide, options) => inner.commit(after, wrap(decide), options) })
}
