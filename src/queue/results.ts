import { QueueError } from '../errors.ts'
import type { Job } from '../machine/job.ts'
import type { Replica } from '../replica/types.ts'
import { unlessAborted } from '../sync/waits.ts'
import type { Json } from '../types.ts'
import type { Pulse } from './pulse.ts'
import { parsed } from './show.ts'

/** Those who wait for jobs to finish. What is waited for is pinned: retention leaves it. */
export interface Results {
  isPinned(id: string): boolean
  wait(id: string, owner: string, signal: AbortSignal | undefined): Promise<Json | undefined>
}

export function createResults(replica: Replica, pulse: Pulse): Results {
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
      const end = pulse.begin()
      try {
        return await unlessAborted(found(replica, id, owner, signal), signal)
      } finally {
        end()
        pin(id, -1)
      }
    },
  }
}

async function found(
  replica: Replica,
  id: string,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<Json | undefined> {
  const state = await replica.open()
  // Whoever was told of the id may be ahead of this context.
  if (state.jobs.get(id)?.owner !== owner) await replica.catchUp()
  return finished(replica, id, owner, signal)
}

function finished(
  replica: Replica,
  id: string,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<Json | undefined> {
  return new Promise((resolve, reject) => {
    let existed = false
    let completed: { readonly result: string | undefined } | undefined
    if (signal?.aborted) return reject(signal.reason)
    const end = (settle: () => void): void => {
      unlisten()
      signal?.removeEventListener('abort', abort)
      settle()
    }
    const abort = (): void => end(() => reject(signal?.reason))
    const look = (): void => {
      const job = replica.state?.jobs.get(id)
      const isThere = job?.owner === owner
      if (isThere && job.state === 'completed') completed ??= { result: job.result }
      const done = completed
      if (done) end(() => resolve(parsed(done.result)))
      else if (!isThere || job.state === 'dead' || job.state === 'cancelled')
        end(() => reject(why(id, job, existed)))
      existed = true
    }
    const unlisten = replica.listen({
      fact(event, state) {
        // Retention may take it in the same breath.
        if (event.type !== 'completed' || event.id !== id || state.jobs.get(id)?.owner !== owner) return
        completed = { result: event.result }
      },
      entry: look,
      notice(notice) {
        const { state } = notice
        if (state === 'reloaded' || state === 'replaced') look()
        if (state === 'down') end(() => reject(notice.error))
        if (state === 'closed') {
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
