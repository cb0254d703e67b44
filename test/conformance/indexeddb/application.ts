import type { StoreFactory } from '../../../src/store/contract.ts'
import { createQueueStores } from '../../../src/store/indexeddb/application.ts'
import { indexedDbStore } from '../../../src/store/indexeddb.ts'
import { answered } from './queue.ts'

let databases = 0

/** Where the conformance suite runs in an application's database: each call gives one of its own. */
export function applicationStores(): { factory: () => StoreFactory; reopen: () => StoreFactory } {
  let name = ''
  return {
    factory() {
      databases += 1
      name = `application-${databases}-${crypto.randomUUID()}`
      return applicationStore(name)
    },
    reopen: () => applicationStore(name),
  }
}

/** Queues in an application's database, which is upgraded, under whoever has it open, for each that is new to it. */
function applicationStore(databaseName: string): StoreFactory {
  const queues = new Set<string>()
  let opening: Promise<IDBDatabase> | undefined
  const open = async (before?: IDBDatabase): Promise<IDBDatabase> => {
    const db = before ?? (await answered(indexedDB.open(databaseName)))
    if ([...queues].every((queue) => db.objectStoreNames.contains(`holdfast:${queue}:log`)))
      return yielding(db)
    const { version } = db
    db.close()
    const request = indexedDB.open(databaseName, version + 1)
    request.onupgradeneeded = () => {
      for (const queue of queues) createQueueStores(request.result, queue)
      // The application's own.
      if (version === 1) request.result.createObjectStore('rows')
    }
    return yielding(await answered(request))
  }
  const yielding = (db: IDBDatabase): IDBDatabase => {
    db.onversionchange = () => {
      db.close()
      opening = undefined
    }
    return db
  }
  const ask = async (): Promise<IDBDatabase> => {
    opening = opening ? opening.then(open) : open()
    return opening
  }
  return (queueName) => {
    queues.add(queueName)
    return indexedDbStore({ db: ask })(queueName)
  }
}
