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

/** Its result, once it is finished. */
function finished(
  replica: Replica,
  id: string,
  owner: string,
  signal: AbortSignal | undefined,
): Promise<Json | undefined> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const watch = watchFor(replica, id, owner, (outcome) => {
      watch.end()
      signal?.removeEventListener('abort', abort)
      if ('error' in outcome) reject(outcome.error)
      else resolve(outcome.result)
    })
    const abort = (): void => watch.settle({ error: signal?.reason })
    signal?.addEventListener('abort', abort)
    watch.look()
  })
}

type Outcome = { readonly result: Json | undefined } | { readonly error: unknown }

/** Looks at a job after each entry. */
function watchFor(replica: Replica, id: string, owner: string, settle: (outcome: Outcome) => void) {
  let existed = false
  let completed: Outcome | undefined
  const look = (): void => {
    const job = replica.state?.jobs.get(id)
    const own = job?.owner === owner ? job : undefined
    completed ??= outcomeOf(own)
    if (completed) settle(completed)
    else if (own === undefined || own.state === 'dead' || own.state === 'cancelled')
      settle({ error: why(id, own, existed) })
    existed = true
  }
  const end = replica.listen({
    fact(event, state) {
      // Retention may take it in the same breath.
      if (event.type !== 'completed' || event.id !== id) return
      const job = state.jobs.get(id)
      if (job?.owner === owner) completed = outcomeOf(job)
    },
    entry: look,
    notice(notice) {
      if (notice.state === 'reloaded' || notice.state === 'replaced') look()
      if (notice.state === 'down') settle({ error: notice.error })
      if (notice.state !== 'closed') return
      settle({ error: new QueueError('closed', `Cannot wait for job "${id}": the queue was closed`) })
    },
  })
  return { look, end, settle }
}

function outcomeOf(job: Job | undefined): Outcome | undefined {
  return job?.state === 'completed' ? { result: parsed(job.result) } : undefined
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
