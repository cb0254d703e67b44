import type { Kind } from '../worker/types.ts'

/** What every queue of one store and name in one context must agree on. */
export interface Contract {
  readonly syncUrl: string | undefined
  readonly kinds: ReadonlyMap<string, Kind>
}

const open: Map<string, Set<Contract>> = new Map()

/**
 * Notes that a queue is open here. Returns what notes that it is closed.
 *
 * @throws TypeError when another one that is open here contradicts it.
 */
export function register(identity: string, contract: Contract): () => void {
  const others = open.get(identity) ?? new Set()
  for (const other of others) compare(identity, other, contract)
  others.add(contract)
  open.set(identity, others)
  return () => {
    others.delete(contract)
    if (others.size === 0) open.delete(identity)
  }
}

function compare(identity: string, one: Contract, other: Contract): void {
  const differ = (what: string, a: unknown, b: unknown): void => {
    if (a === b) return
    const both = `${String(a)} and ${String(b)}`
    throw new TypeError(`Cannot open the queue in "${identity}" twice: ${what} would be both ${both}`)
  }
  if (one.syncUrl !== undefined && other.syncUrl !== undefined) differ('sync.url', one.syncUrl, other.syncUrl)
  for (const [name, kind] of other.kinds) {
    const same = one.kinds.get(name)
    if (same === undefined) continue
    differ(`version of "${name}"`, same.version, kind.version)
    differ(`maxRunning of "${name}"`, same.maxRunning, kind.maxRunning)
    differ(`delivery of "${name}"`, deliveryOf(same), deliveryOf(kind))
  }
}

function deliveryOf(kind: Kind): string {
  return kind.once ? 'at-most-once' : 'at-least-once'
}
