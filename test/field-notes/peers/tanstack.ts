/** @tanstack/offline-transactions as its README has it: one transaction per write, on a collection of writes. */
import { createCollection } from '@tanstack/db'
import { NonRetriableError, type OfflineExecutor, startOfflineExecutor } from '@tanstack/offline-transactions'
import type { OpenOptions, Write } from '../contract.ts'
import { bodyOf, offer, urlOf } from './page.ts'

/** A write with what is to be sent of it. */
interface Item extends Write {
  readonly body: Blob | string
}

// What is written only goes to the server: nothing comes back into the collection.
const writes = createCollection<Item, string>({
  id: 'writes',
  getKey: ({ id }) => id,
  startSync: true,
  sync: { sync: ({ markReady }) => markReady() },
})

type MutationFn = Parameters<typeof startOfflineExecutor>[0]['mutationFns'][string]

const send: MutationFn = async ({ transaction, idempotencyKey }) => {
  for (const { modified } of transaction.mutations) {
    const { body, ...write } = modified as unknown as Item
    const headers = { 'Idempotency-Key': idempotencyKey }
    const { ok, status } = await fetch(urlOf(write), { method: 'POST', body, headers })
    if (status >= 400 && status < 500)
      throw new NonRetriableError(`Cannot write: the server answers ${status}`)
    if (!ok) throw new Error(`Cannot write: the server answers ${status}`)
  }
}

let executor: OfflineExecutor | undefined
const sent = new Set<string>()
const strangers: string[] = []

function opened(): OfflineExecutor {
  if (executor === undefined) throw new Error('Cannot use the executor: it is not open')
  return executor
}

const outboxed = () => opened().peekOutbox()

const idsOf = (transaction: Awaited<ReturnType<typeof outboxed>>[number]): string[] =>
  transaction.mutations.map(({ modified }) => String(Reflect.get(modified, 'id')))

offer({
  async open({ kinds = ['send'] }: OpenOptions) {
    executor = startOfflineExecutor({
      collections: { writes },
      mutationFns: Object.fromEntries(kinds.map((kind) => [kind, send])),
      onUnknownMutationFn: (_, transaction) => strangers.push(...idsOf(transaction)),
    })
    await executor.waitForInit()
    for (const transaction of await outboxed()) {
      const told = opened().waitForTransactionCompletion(transaction.id)
      const through = told.then(() => {
        for (const id of idsOf(transaction)) sent.add(id)
      })
      // One that fails for good is none of these.
      through.catch(() => undefined)
    }
  },
  async put(write) {
    const transaction = opened().createOfflineTransaction({
      mutationFnName: write.kind ?? 'send',
      autoCommit: false,
    })
    transaction.mutate(() => writes.insert({ ...write, body: bodyOf(write) }))
    const through = transaction.commit().then(() => void sent.add(write.id))
    // It tells when a write is through; that one is kept shows in its outbox.
    const { id } = transaction
    const kept = async (isOver: () => boolean): Promise<void> => {
      while (!isOver() && !(await outboxed()).some((each) => each.id === id)) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    let isOver = false
    const ended = through.finally(() => {
      isOver = true
    })
    // One that fails for good later on rejects where nobody waits any more.
    ended.catch(() => undefined)
    await Promise.race([ended, kept(() => isOver)])
  },
  drain: async () => opened().getOnlineDetector().notifyOnline(),
  waiting: async () => (await outboxed()).flatMap(idsOf),
  sent: async () => [...sent],
  strangers: async () => strangers,
})
