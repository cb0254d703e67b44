import { QueueError } from '../errors.ts'
import type { Job } from '../machine/job.ts'
import type { Replica } from '../replica/types.ts'
import type { Json } from '../types.ts'
import { parsed } from './show.ts'

/** Those who wait for jobs to finish. What is waited for is pinned: retention leaves it. */
export interface Results {
  isPinned(id: string): boolean
  wait(id: string, owner: string, signal: AbortSignal | undefined): Promise<Json | undefined>
}

export function createResults(replica: Replica): Results {
  const pins = new Map<string, number>()

  const pin = (id: string, by: number): void => {
    const count = (pins.get(id) ?? 0) + by
    if (count === 0) pins.delete(id)
    else pins.set(id, count)
  }

  return {
    isPinned: (id) => pins.has(id),
    async wait(id, owner, signal) {
      signal?.throwIfAborted()
      pin(id, 1)
      try {
        await replica.open()
        return await finished(replica, id, owner, signal)
      } finally {
        pin(id, -1)
      }
    },
  }
}

function finished(
  replica: Replica,
  id: string,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<Json | undefined> {
  return new Promise((resolve, reject) => {
    let existed = false
    const end = (settle: () => void): void => {
      unlisten()
      signal?.removeEventListener('abort', abort)
      settle()
    }
    const abort = (): void => end(() => reject(signal?.reason))
    const look = (): void => {
      const job = replica.state?.jobs.get(id)
      const isThere = job?.owner === owner
      if (isThere && job.state === 'completed') end(() => resolve(parsed(job.result)))
      else if (!isThere || job.state === 'dead' || job.state === 'cancelled')
        end(() => reject(why(id, job, existed)))
      existed = true
    }
    const unlisten = replica.listen({
      entry: look,
      notice: ({ state }) => {
        if (state === 'reloaded' || state === 'replaced') look()
        if (state === 'closed' || state === 'down') {
          end(() => reject(new QueueError('closed', `Cannot wait for job "${id}": the queue was closed`)))
        }
      },
    })
    signal?.addEventListener('abort', abort)
    look()
  })
}

function why(id: string, job: Job | undefined, existed: boolean): QueueError {
  if (job?.state === 'dead') {
    const cause = job.failures?.at(-1)
    const last = cause === undefined ? '' : `: ${cause.name}: ${cause.message}`
    return new QueueError(
      'job-dead',
      `Cannot give the result of job "${id}": it is dead (${job.reason})${last}`,
      { cause },
    )
  }
  if (job?.state === 'cancelled' || existed) {
    return new QueueError(
      'job-cancelled',
      `Cannot give the result of job "${id}": it was cancelled or removed`,
    )
  }
  return new QueueError('not-found', `Cannot find job "${id}": there is none of that id`)
}
