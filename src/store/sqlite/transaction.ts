import type { Durability } from '../contract.ts'
import { type Connection, isShared } from './connection.ts'
import { failure, isBusy } from './failure.ts'
import type { Link } from './link.ts'
import { pause } from './pause.ts'

/** Runs the transactions of a handle. `work` may run again, when nothing of it was kept. */
export interface Transactions {
  read<T>(work: (connection: Connection) => T): Promise<T>
  write<T>(durability: Durability, work: (connection: Connection) => T): Promise<T>
}

/** `assertOpen` throws once the handle is closed. */
export function createTransactions(link: Link, identity: string, assertOpen: () => void): Transactions {
  const run = async <T>(
    begin: (connection: Connection) => 'read' | 'write',
    work: (connection: Connection) => T,
  ): Promise<T> => {
    for (let tries = 0; ; tries += 1) {
      assertOpen()
      // No await where there is a connection: a process that is going away has no later.
      const connection = link.current ?? (await link.open())
      assertOpen()
      let worked = false
      try {
        return connection.driver.transaction(begin(connection), () => {
          const result = work(connection)
          worked = true
          return result
        })
      } catch (error) {
        if (!isBusy(error)) throw failure(error, identity, worked)
      }
      await pause(tries)
    }
  }
  return {
    read: (work) => run(() => 'read', work),
    write: (durability, work) =>
      run((connection) => {
        synchronise(connection, durability)
        return 'write'
      }, work),
  }
}

/**
 * `FULL` puts the write-ahead log on the disk with each commit, `NORMAL` only before it is copied into the file: a
 * power cut then loses the last commits, and never one before an earlier one. It cannot be set inside a transaction.
 */
function synchronise({ driver }: Connection, durability: Durability): void {
  if (isShared(driver)) driver.exec(`PRAGMA synchronous = ${durability === 'strict' ? 'FULL' : 'NORMAL'}`)
}
