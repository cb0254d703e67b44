import { QueueError } from '../../errors.ts'
import type { Durability } from '../contract.ts'
import type { Connection } from './connection.ts'
import { failure, isBusy } from './failure.ts'
import type { Link } from './link.ts'
import { pause } from './pause.ts'

/** Runs the transactions of a handle. `work` may run again, when nothing of it was kept. */
export interface Transactions {
  read<T>(work: (connection: Connection) => T): Promise<T>
  /** `durability`, by default `relaxed`, is asked once the transaction is committed. */
  write<T>(work: (connection: Connection) => T, durability?: () => Durability): Promise<T>
}

/** `assertOpen` throws once the handle is closed. */
export function createTransactions(link: Link, identity: string, assertOpen: () => void): Transactions {
  let flushes = 0
  /** The last flush that failed, unless a later one succeeded: nothing may tell of what it was for before that. */
  let failed = 0
  const run = async <T>(
    mode: 'read' | 'write',
    work: (connection: Connection) => T,
    durability: () => Durability,
  ): Promise<T> => {
    for (let tries = 0; ; tries += 1) {
      assertOpen()
      // No await where there is a connection: a process that is going away has no later.
      const connection = link.current ?? (await link.open())
      assertOpen()
      const outcome = attempt(connection, mode, work, identity)
      if (outcome !== 'busy') {
        if (failed > 0 || durability() === 'strict') {
          const mine = ++flushes
          try {
            await flush(connection, identity)
          } catch (error) {
            failed = Math.max(failed, mine)
            throw error
          }
          if (mine > failed) failed = 0
        }
        return outcome.result
      }
      await pause(tries)
    }
  }
  return {
    read: (work) => run('read', work, () => 'relaxed'),
    write: (work, durability = () => 'relaxed') => run('write', work, durability),
  }
}

function attempt<T>(
  connection: Connection,
  mode: 'read' | 'write',
  work: (connection: Connection) => T,
  identity: string,
): { readonly result: T } | 'busy' {
  let worked = false
  try {
    const result = connection.driver.transaction(mode, () => {
      const made = work(connection)
      worked = true
      return made
    })
    return { result }
  } catch (error) {
    if (isBusy(error)) return 'busy'
    throw failure(error, identity, worked)
  }
}

async function flush(connection: Connection, identity: string): Promise<void> {
  try {
    await connection.flush?.()
  } catch (cause) {
    const message = `Cannot use the store ${identity}: what was committed cannot be put on the disk`
    throw new QueueError('store-failed', message, { cause, uncertain: true })
  }
}
