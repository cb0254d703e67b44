import { QueueError } from '../errors.ts'
import type { Draft, Store, StoreFactory } from '../store/contract.ts'

/** What a {@link FaultPlan} is asked about: a method of the store, or a `hint` about to reach its listeners. */
export type FaultyMethod =
  | 'load'
  | 'read'
  | 'commit'
  | 'payload'
  | 'checkpoint'
  | 'subscribe'
  | 'leave'
  | 'estimate'
  | 'destroy'
  | 'close'
  | 'hint'

/** One operation, before it is done. */
export interface FaultyOperation {
  readonly method: FaultyMethod
  /** The queue's name. */
  readonly name: string
  /** Which handle of this factory, in the order they were opened, from 0. */
  readonly handle: number
  /** How many operations of any method and handle came before. */
  readonly index: number
  /** How many of this method came before. */
  readonly nth: number
}

/**
 * What goes wrong with an operation.
 *
 * | type | what happens |
 * |---|---|
 * | `fail-before` | rejects with `store-failed`; nothing is done |
 * | `lose-answer` | is done, then rejects with `store-failed` and `uncertain: true` |
 * | `quota` | rejects with `quota-exceeded`; nothing is done. A commit fails only if `over` says so of its draft |
 * | `stall` | is done once `until` resolves |
 * | `crash` | is never answered, nor is any call of that handle after it; was done, if `when` is `after` |
 * | `refuse` | another writer appends `entry` just before this commit |
 * | `duplicate-hint`, `drop-hint` | the hint reaches its listener twice, or not at all |
 *
 * `refuse` is for `commit`, the last two for `hint`; on other operations they do nothing. `subscribe` is counted, and
 * only crashes.
 */
export type Fault =
  | { readonly type: 'fail-before' }
  | { readonly type: 'lose-answer' }
  | { readonly type: 'quota'; readonly over?: (draft: Draft) => boolean }
  | { readonly type: 'stall'; readonly until: Promise<unknown> }
  | { readonly type: 'crash'; readonly when?: 'before' | 'after' }
  | { readonly type: 'refuse'; readonly entry: Pick<Draft, 'id' | 'body'> }
  | { readonly type: 'duplicate-hint' }
  | { readonly type: 'drop-hint' }

/** Decides, before each operation, what goes wrong with it; `undefined`: nothing. */
export type FaultPlan = (operation: FaultyOperation) => Fault | undefined

/** A {@link StoreFactory} whose stores fail as planned, and count what is asked of them. */
export type FaultyStoreFactory = StoreFactory & {
  /** How often each method was called, over all handles, failures included; of `hint`: how many arrived. */
  readonly counts: Readonly<Record<FaultyMethod, number>>
}

/**
 * Wraps a store, so that its operations fail by plan and are counted.
 *
 * @example
 * ```ts
 * import { memoryStore } from 'holdfast'
 * import { faultyStore } from 'holdfast/testing'
 *
 * // The answer of the third commit is lost.
 * const store = faultyStore(memoryStore(), ({ method, nth }) =>
 *   method === 'commit' && nth === 2 ? { type: 'lose-answer' } : undefined,
 * )
 * await store('mail').load()
 * console.log(store.counts.load) // 1
 * ```
 */
export function faultyStore(factory: StoreFactory, plan: FaultPlan = () => undefined): FaultyStoreFactory {
  const counts: Record<FaultyMethod, number> = {
    load: 0,
    read: 0,
    commit: 0,
    payload: 0,
    checkpoint: 0,
    subscribe: 0,
    leave: 0,
    estimate: 0,
    destroy: 0,
    close: 0,
    hint: 0,
  }
  let index = 0
  let handles = 0
  const open: StoreFactory = (name) => {
    const handle = handles
    handles += 1
    const next = (method: FaultyMethod): Fault | undefined => {
      const operation = { method, name, handle, index, nth: counts[method] }
      index += 1
      counts[method] += 1
      return plan(operation)
    }
    return faultyHandle(factory(name), next, () => factory(name))
  }
  return Object.assign(open, { counts })
}

type Next = (method: FaultyMethod) => Fault | undefined

function faultyHandle(inner: Store, next: Next, openOther: () => Store): Store {
  const caller = faultyCaller(inner, next)
  const { call } = caller
  const { estimate, join } = inner
  return {
    identity: inner.identity,
    maxEntryBytes: inner.maxEntryBytes,
    exclusive: inner.exclusive,
    durable: inner.durable,
    sharesLocks: inner.sharesLocks ?? true,
    assertStorable: inner.assertStorable,
    load: () => call('load', () => inner.load()),
    read: (after) => call('read', () => inner.read(after)),
    commit: (after, decide, options) =>
      call('commit', async (fault) => {
        if (fault?.type === 'refuse') await appendAs(openOther(), fault.entry)
        if (fault?.type !== 'quota') return inner.commit(after, decide, options)
        const { over = () => true } = fault
        const checked: typeof decide = (missed) => {
          const draft = decide(missed)
          if (draft && over(draft)) throw quotaExceeded()
          return draft
        }
        return inner.commit(after, checked, options)
      }),
    ...(join && {
      join: (after, decide, joined) =>
        call('commit', async (fault) => {
          if (fault?.type === 'quota') throw quotaExceeded()
          return join(after, decide, joined)
        }),
    }),
    payload: (id) => call('payload', () => inner.payload(id)),
    checkpoint: (...given) => call('checkpoint', () => inner.checkpoint(...given)),
    subscribe: (listener) => caller.subscribe(listener),
    leave: (worker) => call('leave', () => inner.leave(worker)),
    ...(estimate && { estimate: () => call('estimate', () => estimate.call(inner)) }),
    destroy: () => call('destroy', () => inner.destroy()),
    close: () => call('close', () => inner.close()),
  }
}

function faultyCaller(inner: Store, next: Next) {
  let crashed = false
  const unanswered = <T>() => new Promise<T>(() => undefined)
  const crash = async (last?: Promise<unknown>) => {
    crashed = true
    await Promise.allSettled([last])
    // Its hints stop and its connection goes, as with the process it stands for.
    await inner.close()
  }
  // What was under way when another call crashed is not answered either.
  const answered = async <T>(doing: Promise<T>): Promise<T> => {
    try {
      const value = await doing
      return crashed ? unanswered<T>() : value
    } catch (error) {
      if (crashed) return unanswered<T>()
      throw error
    }
  }
  const perform = async <T>(method: FaultyMethod, fault: Fault | undefined, work: Work<T>): Promise<T> => {
    if (fault?.type === 'fail-before') throw failed(method, false)
    if (fault?.type === 'quota' && method !== 'commit') throw quotaExceeded()
    if (fault?.type === 'stall') await fault.until
    if (fault?.type === 'crash') await crash(fault.when === 'after' ? work(undefined) : undefined)
    if (crashed) return unanswered<T>()
    const value = await work(fault)
    if (fault?.type === 'lose-answer') throw failed(method, true)
    return value
  }

  return {
    call: <T>(method: FaultyMethod, work: Work<T>): Promise<T> =>
      crashed ? unanswered<T>() : answered(perform(method, next(method), work)),
    subscribe(listener: () => void) {
      if (crashed) return () => undefined
      if (next('subscribe')?.type === 'crash') crash().catch(() => undefined)
      return inner.subscribe(() => {
        if (crashed) return
        const fault = next('hint')?.type
        if (fault === 'drop-hint') return
        listener()
        if (fault === 'duplicate-hint') listener()
      })
    },
  }
}

type Work<T> = (fault: Fault | undefined) => Promise<T>

/** Appends as another context would, so that the handle under test is refused, and hinted. */
async function appendAs(other: Store, entry: Pick<Draft, 'id' | 'body'>): Promise<void> {
  const { log, mark } = await other.load()
  await other.commit({ log, seq: mark }, () => ({ ...entry, durability: 'relaxed' }), { fresh: true })
  await other.close()
}

function failed(method: FaultyMethod, uncertain: boolean): QueueError {
  const what = uncertain ? 'its answer was lost' : 'it failed'
  return new QueueError('store-failed', `Cannot ${method}: ${what}, as planned`, { uncertain })
}

function quotaExceeded(): QueueError {
  return new QueueError('quota-exceeded', 'Cannot write: the origin is full, as planned')
}
