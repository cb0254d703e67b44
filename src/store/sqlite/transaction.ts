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
  const flush = createFlush(identity)
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
        await flush(connection, durability() === 'strict')
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

/**
 * Puts what was committed on the disk, if that is asked for, or is owed since a flush failed: until a later one succeeds,
 * nothing may tell of what it was for.
 */
function createFlush(identity: string): (connection: Connection, isStrict: boolean) => Promise<void> {
  let begun = 0
  let failed = 0
  return async (connection, isStrict) => {
    if (failed === 0 && !isStrict) return
    const mine = ++begun
    try {
      await connection.flush?.()
    } catch (cause) {
      failed = Math.max(failed, mine)
      throw notFlushed(identity, cause)
    }
    if (mine > failed) failed = 0
  }
}

function notFlushed(identity: string, cause: unknown): QueueError {
  const message = `Cannot use the store ${identity}: what was committed cannot be put on the disk`
  return new QueueError('store-failed', message, { cause, uncertain: true })
}
