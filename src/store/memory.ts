import { QueueError } from '../errors.ts'
import type {
  CommitOptions,
  Decide,
  Draft,
  Entry,
  Missed,
  Page,
  Position,
  Snapshot,
  Store,
  StoreFactory,
} from './contract.ts'
import { clone } from './clone.ts'
import { closedStore, logBehind, logReplaced, storable } from './failures.ts'
import { randomId } from './random-id.ts'

/** As many as IndexedDB takes, so that what fits here fits there. */
const maxEntryBytes = 2 ** 23
const nothing: Missed = { entries: [], byes: [] }
let factories = 0

/**
 * A store in the memory of this process: gone with it, and shared by all handles of one name of one factory.
 *
 * @example
 * ```ts
 * import { createQueue, memoryStore } from 'holdfast'
 *
 * const queue = createQueue({ name: 'mail', store: memoryStore(), handlers: { greet: async () => undefined } })
 * await queue.close()
 * ```
 */
export function memoryStore(): StoreFactory {
  factories += 1
  const ordinal = factories
  const queues = new Map<string, Shared>()
  return (queueName) => {
    const shared = queues.get(queueName) ?? { log: undefined, listeners: new Map() }
    queues.set(queueName, shared)
    return openHandle(shared, `memory:${ordinal}:${queueName}`)
  }
}

interface Shared {
  log: Log | undefined
  /** By handle, so that nobody is hinted at its own doing. */
  readonly listeners: Map<symbol, Set<() => void>>
}

interface Log {
  readonly id: string
  mark: number
  /** Up to where the log was dropped. */
  floor: number
  readonly entries: Entry[]
  readonly pages: Map<string, string>
  readonly payloads: Map<string, unknown>
  readonly byes: Set<string>
}

function openHandle(shared: Shared, identity: string): Store {
  const self = Symbol(identity)
  const listeners = new Set<() => void>()
  let closed = false

  const open = (): Log => {
    if (closed) throw closedStore(identity)
    shared.log ??= {
      id: randomId(),
      mark: 0,
      floor: 0,
      entries: [],
      pages: new Map(),
      payloads: new Map(),
      byes: new Set(),
    }
    return shared.log
  }
  // Every call answers in a later microtask, as every engine does, and may find the handle closed by then.
  const opened = async (): Promise<Log> => {
    await null
    return open()
  }
  const close = () => {
    closed = true
    listeners.clear()
    shared.listeners.delete(self)
  }

  const store: Store = {
    identity,
    maxEntryBytes,
    exclusive: false,
    durable: false,
    load: async () => snapshot(await opened()),
    read: async (after) => missedSince(await opened(), after, identity),
    commit: async (after, decide, options) => {
      const seq = commit(await opened(), after, decide, options, store)
      if (seq !== undefined) hintOthers(shared, self)
      return seq
    },
    payload: async (id) => clone((await opened()).payloads.get(id)),
    checkpoint: async (through, pages, floor) => checkpoint(await opened(), through, pages, floor),
    subscribe(listener) {
      open()
      const own = () => listener()
      listeners.add(own)
      shared.listeners.set(self, listeners)
      return () => {
        listeners.delete(own)
      }
    },
    // Synchronous up to its end: the caller may be gone before the next microtask.
    leave: async (worker) => {
      open().byes.add(worker)
      hintOthers(shared, self)
    },
    destroy: async () => {
      await opened()
      shared.log = undefined
      hintOthers(shared, self)
      close()
    },
    close: async () => close(),
  }
  return store
}

function snapshot(log: Log): Snapshot {
  return {
    log: log.id,
    mark: log.mark,
    pages: [...log.pages].map(([id, body]) => ({ id, body })),
    entries: log.entries.slice(log.mark - log.floor),
    byes: [...log.byes],
  }
}

function missedSince(log: Log, after: Position, identity: string): Missed {
  if (after.log !== log.id || after.seq > head(log)) throw logReplaced(identity)
  if (after.seq < log.floor) throw logBehind(identity, after.seq, log.floor)
  return { entries: log.entries.slice(after.seq - log.floor), byes: [...log.byes] }
}

function commit(log: Log, after: Position, decide: Decide, options: CommitOptions = {}, store: Store) {
  if (!options.fresh) {
    const draft = storable(decide(nothing), store)
    if (draft === undefined) return undefined
    if (after.log === log.id && after.seq === head(log)) return append(log, draft)
  }
  const draft = storable(decide(missedSince(log, after, store.identity)), store)
  return draft && append(log, draft)
}

function append(log: Log, draft: Draft): number {
  // Cloned before anything is touched: what cannot be cloned leaves nothing half written.
  const puts = (draft.put ?? []).map(({ id, value }) => [id, stored(value, id)] as const)
  const seq = head(log) + 1
  for (const [id, value] of puts) log.payloads.set(id, value)
  for (const id of draft.delete ?? []) log.payloads.delete(id)
  for (const worker of draft.forget ?? []) log.byes.delete(worker)
  log.entries.push({ seq, id: draft.id, body: draft.body })
  return seq
}

function checkpoint(log: Log, through: Position, pages: readonly Page[], floor = through.seq): boolean {
  if (through.log !== log.id || through.seq <= log.mark || through.seq > head(log)) return false
  for (const { id, body } of pages) {
    if (body === '') log.pages.delete(id)
    else log.pages.set(id, body)
  }
  log.mark = through.seq
  const dropped = Math.max(log.floor, Math.min(floor, log.mark))
  log.entries.splice(0, dropped - log.floor)
  log.floor = dropped
  return true
}

function head(log: Log): number {
  return log.floor + log.entries.length
}

function stored(value: unknown, id: string): unknown {
  try {
    return clone(value)
  } catch (cause) {
    throw new QueueError('store-failed', `Cannot store the payload ${id}: it cannot be cloned`, { cause })
  }
}

function hintOthers(shared: Shared, self: symbol): void {
  for (const [handle, listeners] of shared.listeners) if (handle !== self) hint(listeners)
}

// Each listener in a microtask of its own, so that one that throws keeps the hint from no other.
function hint(listeners: ReadonlySet<() => void>): void {
  for (const listener of listeners) queueMicrotask(() => listeners.has(listener) && listener())
}
