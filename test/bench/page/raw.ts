import { expectCount, freshName, type Payload } from './jobs.ts'

/** A job as a record of its own. */
export interface Row {
  readonly id?: number
  /** 0: it waits; 1: it runs. */
  readonly state: number
  readonly availableAt: number
  readonly attempt: number
  readonly payload: Payload
}

export type Durability = 'strict' | 'relaxed'

/** The store of jobs, one a record: with the index that other orders than first in, first out need, or without. */
export interface RawOptions {
  readonly durability: Durability
  readonly indexed: boolean
}

type StoreName = 'jobs' | 'claims'

export interface Raw {
  readonly name: string
  readonly database: IDBDatabase
  /** Runs `work`, which commits, in one transaction over these stores and no others. */
  transaction(stores: readonly StoreName[], work: (tx: IDBTransaction) => void): Promise<void>
  count(): Promise<number>
}

export function rowOf(payload: Payload): Row {
  return { state: 0, availableAt: Date.now(), attempt: 0, payload }
}

export async function openRaw(options: RawOptions, name: string = freshName()): Promise<Raw> {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => {
    const jobs = request.result.createObjectStore('jobs', { keyPath: 'id', autoIncrement: true })
    if (options.indexed) jobs.createIndex('due', ['state', 'availableAt'])
    request.result.createObjectStore('claims')
  }
  const database = await resultOf(request)
  return {
    name,
    database,
    transaction: (stores, work) =>
      new Promise((resolve, reject) => {
        const tx = database.transaction(stores, 'readwrite', { durability: options.durability })
        tx.oncomplete = () => resolve()
        tx.onabort = () => reject(tx.error)
        work(tx)
      }),
    count: () => resultOf(database.transaction('jobs').objectStore('jobs').count()),
  }
}

export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Runs `work` on a database of its own, which is erased afterwards. */
export async function withRaw<T>(options: RawOptions, work: (raw: Raw) => Promise<T>): Promise<T> {
  const raw = await openRaw(options)
  try {
    return await work(raw)
  } finally {
    raw.database.close()
    await resultOf(indexedDB.deleteDatabase(raw.name))
  }
}

/** All in one transaction, which is committed with the last request. */
export function addAll({ transaction }: Raw, given: readonly Payload[]): Promise<void> {
  return transaction(['jobs'], (tx) => {
    const jobs = tx.objectStore('jobs')
    for (const payload of given) jobs.add(rowOf(payload))
    tx.commit()
  })
}

/** A transaction for each. */
export async function addEach({ transaction }: Raw, given: readonly Payload[]): Promise<void> {
  for (const payload of given) {
    await transaction(['jobs'], (tx) => {
      tx.objectStore('jobs').add(rowOf(payload))
      tx.commit()
    })
  }
}

/** A transaction for each, committed once its request was answered: what it costs to look at a key before it counts. */
export async function addEachAnswered({ transaction }: Raw, given: readonly Payload[]): Promise<void> {
  for (const payload of given) {
    await transaction(['jobs'], (tx) => {
      tx.objectStore('jobs').add(rowOf(payload)).onsuccess = () => tx.commit()
    })
  }
}

/**
 * By the index, in batches: one transaction completes the last batch and claims the next, so that a crash at any point
 * leaves every job claimed, waiting or gone.
 */
export async function drainIndexed(raw: Raw, batch: number, run: (payload: Payload) => void): Promise<void> {
  let claimed: Row[] = []
  do {
    const done = claimed
    claimed = []
    await raw.transaction(['jobs'], (tx) => {
      const jobs = tx.objectStore('jobs')
      for (const { id } of done) jobs.delete(id ?? 0)
      const due = IDBKeyRange.bound([0, 0], [0, Date.now()])
      const request = jobs.index('due').getAll(due, batch)
      request.onsuccess = () => {
        claimed = request.result
        for (const row of claimed) jobs.put({ ...row, state: 1, attempt: row.attempt + 1 })
        tx.commit()
      }
    })
    await Promise.all(claimed.map(async ({ payload }) => run(payload)))
  } while (claimed.length > 0)
}

/**
 * Its best form, for what runs first in, first out and never waits: no index; a claim is a record that names a range,
 * and one `delete` of the range completes it.
 */
export async function drainInOrder(raw: Raw, batch: number, run: (payload: Payload) => void): Promise<void> {
  let claimed: Row[] = []
  do {
    const [first, last] = [claimed[0]?.id, claimed.at(-1)?.id]
    claimed = []
    await raw.transaction(['jobs', 'claims'], (tx) => {
      const jobs = tx.objectStore('jobs')
      if (first !== undefined) jobs.delete(IDBKeyRange.bound(first, last))
      const request = jobs.getAll(null, batch)
      request.onsuccess = () => {
        claimed = request.result
        const claim = { from: claimed[0]?.id, to: claimed.at(-1)?.id, at: Date.now() }
        if (claimed.length > 0) tx.objectStore('claims').put(claim, 'worker')
        else tx.objectStore('claims').delete('worker')
        tx.commit()
      }
    })
    await Promise.all(claimed.map(async ({ payload }) => run(payload)))
  } while (claimed.length > 0)
}

/** Two transactions a job, one job at a time. */
export async function drainEach(raw: Raw, run: (payload: Payload) => void): Promise<void> {
  for (;;) {
    let claimed: Row | undefined
    await raw.transaction(['jobs'], (tx) => {
      const jobs = tx.objectStore('jobs')
      const request = jobs.getAll(null, 1)
      request.onsuccess = () => {
        claimed = request.result[0]
        if (claimed) jobs.put({ ...claimed, state: 1, attempt: claimed.attempt + 1 })
        tx.commit()
      }
    })
    const id = claimed?.id
    if (claimed === undefined || id === undefined) return
    run(claimed.payload)
    await raw.transaction(['jobs'], (tx) => {
      tx.objectStore('jobs').delete(id)
      tx.commit()
    })
  }
}

export async function expectRows(raw: Raw, count: number): Promise<void> {
  expectCount('records', await raw.count(), count)
}
