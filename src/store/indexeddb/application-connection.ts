import { type IDBPDatabase, unwrap } from 'idb'
import { misuse, QueueError } from '../../errors.ts'
import { randomId } from '../random-id.ts'
import type { ApplicationDatabase } from './application-database.ts'
import type { Link } from './link.ts'
import type { Connection } from './open.ts'
import { askHead, headOf, storeNames } from './schema.ts'
import type { Step } from './step.ts'
import { type Ground, runOn, suspended, type TransactionOptions } from './transaction.ts'

/** What is used of a Dexie. */
interface DexieLike extends ApplicationDatabase {
  open(): PromiseLike<unknown>
  backendDB(): IDBDatabase | null
  hasBeenClosed(): boolean
}

/** What the names of a queue's object stores begin with in an application's database. */
export function prefixOf(queueName: string): string {
  return `holdfast:${queueName}:`
}

/** Asks the application for its database, and finds the queue's object stores in it. */
export async function openIn(
  ask: () => ApplicationDatabase | PromiseLike<ApplicationDatabase>,
  queueName: string,
  identity: string,
  gone: (db: IDBDatabase) => void,
): Promise<Connection> {
  const db = await rawOf(await ask(), identity)
  const prefix = prefixOf(queueName)
  const missing = storeNames.find((name) => !db.objectStoreNames.contains(prefix + name))
  if (missing)
    throw new TypeError(`Cannot open the store ${identity}: ${lacking(db.name, prefix + missing, queueName)}`)
  const onCut = new Set<() => void>()
  const closed = () => {
    gone(db)
    for (const cut of [...onCut]) cut()
  }
  db.addEventListener('close', closed)
  const release = () => db.removeEventListener('close', closed)
  const connection = { db, prefix, log: '', base: 0, reserved: false, isProven: false, onCut, release }
  try {
    await begin({ connection, identity, drop: () => gone(db) })
    return connection
  } catch (error) {
    release()
    throw error
  }
}

/** Erases a queue where it is not alone: what others have in the database stays. */
export async function eraseIn(link: Link, identity: string): Promise<void> {
  const connection = await link.open()
  link.close()
  await live({ connection, identity, drop: () => undefined }, everything, renew)
}

const everything: TransactionOptions = { stores: storeNames, mode: 'readwrite', durability: 'strict' }

/** Reads which log there is; makes one at the first use. */
async function begin(ground: Ground): Promise<void> {
  const { connection, identity } = ground
  const looking = { stores: ['meta'], mode: 'readonly' } as const
  const found = await live(ground, looking, ({ store }) => {
    const head = askHead(store('meta'))
    const reserves = store('meta').count('reserve')
    return () => {
      connection.reserved = reserves.result > 0
      return headOf(head, identity)
    }
  })
  const origin = found ?? (await live(ground, everything, (step) => renewed(step, identity)))
  connection.log = origin.log
  connection.base = origin.base
}

/** A new log, unless another context was first. */
function renewed(step: Step, identity: string): () => { readonly log: string; readonly base: number } {
  let made = { log: '', base: 0 }
  const head = askHead(step.store('meta'))
  step.answered(head, () => {
    const found = headOf(head, identity)
    if (found) made = found
    else
      renew(step, (origin) => {
        made = origin
      })
  })
  return () => made
}

/**
 * Erases a log, and begins another. Whoever has not heard of it yet is not to append to it: so one key is used up, and
 * all that they would expect are taken.
 */
function renew(
  step: Step,
  made: (origin: { log: string; base: number }) => void = () => undefined,
): () => undefined {
  for (const name of storeNames) step.store(name).clear()
  const log = randomId()
  step.answered(step.store('log').add(null), (key) => {
    const base = Number(key)
    step.store('log').delete(key)
    step.store('meta').put(log, 'log')
    step.store('meta').put(base, 'base')
    step.answered(step.store('meta').put(0, 'mark'), step.commit)
    made({ log, base })
  })
  return () => undefined
}

async function live<T>(
  ground: Ground,
  options: TransactionOptions,
  work: (step: Step) => () => T,
): Promise<T> {
  for (;;) {
    const answer = runOn(ground, options, work)
    if (answer === undefined) throw unavailable(ground.identity, closed)
    try {
      return await answer
    } catch (error) {
      if (error !== suspended) throw error
    }
  }
}

async function rawOf(given: ApplicationDatabase, identity: string): Promise<IDBDatabase> {
  if (!isDexie(given)) return nativeOf(given)
  // Opened where that is merely due; closed for good, it is left so.
  if (!given.hasBeenClosed()) await given.open()
  const raw = given.backendDB()
  if (raw === null) throw unavailable(identity, closed)
  return raw
}

/** @throws TypeError unless it is a database, or something that holds one. */
export function assertDatabase(given: ApplicationDatabase): void {
  if (!isDexie(given)) nativeOf(given)
}

/** @throws TypeError unless it is one, or wraps one. */
export function nativeOf(given: ApplicationDatabase): IDBDatabase {
  // Undefined for what idb has not wrapped.
  const unwrapped: IDBDatabase | undefined = unwrap(given as IDBPDatabase)
  if (unwrapped) return unwrapped
  if (isNative(given)) {
    // Its requests would be promises.
    if (given.close === IDBDatabase.prototype.close) return given
    throw new TypeError('Cannot use options.db: another copy of idb wraps it; give what its unwrap(db) gives')
  }
  throw misuse('options.db', given, 'an open IDBDatabase, one that idb wraps, or a Dexie')
}

function isNative(given: unknown): given is IDBDatabase {
  return has(given, 'transaction') && has(given, 'objectStoreNames')
}

function isDexie(given: unknown): given is DexieLike {
  return has(given, 'backendDB') && has(given, 'hasBeenClosed')
}

function has(given: unknown, name: string): boolean {
  return typeof given === 'object' && given !== null && name in given
}

const closed =
  "the application's connection to its database is closed; give db as a function that opens another"

function lacking(database: string, missing: string, queueName: string): string {
  const remedy = `createQueueStores(db, "${queueName}") in its upgrade, or queueStoresSchema("${queueName}") for Dexie`
  return `the database "${database}" has no object store "${missing}"; raise its version and make it by ${remedy}`
}

function unavailable(identity: string, why: string): QueueError {
  return new QueueError('store-unavailable', `Cannot open the store ${identity}: ${why}`)
}
