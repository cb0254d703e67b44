import { QueueError } from '../errors.ts'
import type { Joined } from '../store/contract.ts'
import type { Clock } from '../types.ts'
import { is, list, text } from './check.ts'
import type { Transacted, Transaction } from './face.ts'
import { judged, knownKind, type Prepared, prepare, takeIn } from './intake.ts'
import type { EnqueueOptions } from './options.ts'
import type { Parts } from './parts.ts'
import { admit } from './verbs.ts'

/** How long work may wait for what is not of its transaction. */
const idleMs = 5_000

/** The most that one look at the clock counts: while a page is frozen, nobody waits. */
const countedMs = 250

/** Commits an application's rows and the jobs that go with them in one transaction, or neither. */
export async function transact<T>(
  parts: Parts,
  stores: readonly string[],
  work: (tx: Transaction) => T | Promise<T>,
): Promise<Transacted<T>> {
  list(text)('storeNames', stores)
  is('function')('work', work)
  const { backlog, deciding, store, clock } = parts
  let done: { readonly result: T; readonly prepared: readonly Prepared[] } | undefined
  const joined: Joined = {
    stores,
    async work(transaction) {
      // What the only stores that can be joined give.
      const { tx, end } = begin(parts, transaction as IDBTransaction)
      const result = await work(tx)
      done = { result, prepared: await end() }
    },
    wait: patience(clock),
  }
  const enqueued = await admit(
    parts,
    (state, drafting) => {
      const facts = deciding(drafting)
      return (done?.prepared ?? []).map((each) =>
        takeIn(each, backlog, store.durable, state, drafting, facts),
      )
    },
    { grows: true, joined },
  )
  // Decided after the work was done, or not at all.
  return { result: done?.result as T, enqueued }
}

interface Begun {
  readonly tx: Transaction
  /** From here on nothing is taken in; resolves to what was, checked against its schemas. */
  readonly end: () => Promise<Prepared[]>
}

function begin(parts: Parts, transaction: IDBTransaction): Begun {
  const { mint, kinds } = parts
  const prepared: Prepared[] = []
  const judging: (Promise<unknown> | undefined)[] = []
  let isOver = false
  transaction.addEventListener('abort', () => {
    isOver = true
  })
  const tx = {
    transaction,
    store: (name: string) => transaction.objectStore(name),
    enqueue(kind: string, payload?: unknown, options: EnqueueOptions = {}): string {
      if (isOver) throw new TypeError('Cannot enqueue: the transaction is over')
      const id = mint()
      const each = prepare(id, knownKind(kinds, kind), payload, options, parts)
      const verdict = judged(each)
      // What a schema has to say is heard when the work is done.
      verdict?.catch(() => undefined)
      prepared.push(each)
      judging.push(verdict)
      return id
    },
  }
  const end = async (): Promise<Prepared[]> => {
    isOver = true
    await Promise.all(judging)
    return prepared
  }
  return { tx, end }
}

/** Bears with work as long as it is at work in its transaction. */
function patience(clock: Clock): Joined['wait'] {
  let last = clock.monotonic()
  let waitedMs = 0
  return (isBusy) => {
    const now = clock.monotonic()
    waitedMs = isBusy ? 0 : waitedMs + Math.min(now - last, countedMs)
    last = now
    if (waitedMs < idleMs) return
    const what = 'such as a fetch, a timer, or another method of the queue'
    throw new QueueError(
      'timeout',
      `Cannot transact: its work waits for what is not of its transaction, ${what}, for ${idleMs / 1_000} seconds now`,
    )
  }
}
