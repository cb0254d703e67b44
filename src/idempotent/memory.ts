import { type Reply, received } from './reply.ts'
import type { Attempt, KeptResponse, KeyId, Outcome, ResponseStore } from './store.ts'
import { createTurns } from './turns.ts'

/** How many expired responses are dropped for each one that is kept. */
const prunedAtOnce = 8

/** What a handler answers with where its store can wait. */
export type Answer = Response | Reply

/**
 * Keeps the responses in memory, for tests and demonstrations: a restart forgets them, and nothing can be undone. The
 * handler may be asynchronous, gets `undefined` as its `tx`, and is never run twice at once for one key.
 *
 * @example
 * ```ts
 * import { idempotent, memoryResponses } from 'holdfast/idempotent'
 *
 * const store = memoryResponses()
 * const echo = idempotent(async (request) => new Response(request.text()), { store })
 * const response = await echo(new Request('https://example.com/', { method: 'POST', body: 'Hello' }))
 * console.log(response.status) // 400
 * ```
 */
export function memoryResponses(): ResponseStore<undefined, Answer | Promise<Answer>> {
  const responses = new Map<string, KeptResponse>()
  const turns = createTurns()
  const find = (id: KeyId, now: number): KeptResponse | undefined => {
    const kept = responses.get(nameOf(id))
    return kept !== undefined && kept.expiresAt > now ? kept : undefined
  }

  return {
    find: async (id, now) => find(id, now),
    async run(attempt) {
      const { id, waitMs } = attempt
      if (id === undefined) return perform(attempt)
      const end = await turns.take(nameOf(id), waitMs)
      if (end === undefined) return { type: 'busy', what: 'key' }
      try {
        const kept = find(id, attempt.now)
        return kept === undefined ? await perform(attempt) : { type: 'kept', kept }
      } finally {
        end()
      }
    },
  }

  async function perform(attempt: Attempt<undefined, Answer | Promise<Answer>>): Promise<Outcome> {
    const { id, now, handle, judge } = attempt
    const { snapshot, response } = await received(await handle(undefined), attempt)
    const { keep } = judge(snapshot)
    if (id !== undefined && keep !== undefined) {
      prune(now)
      responses.delete(nameOf(id))
      responses.set(nameOf(id), keep)
    }
    return { type: 'ran', response }
  }

  function prune(now: number): void {
    let count = 0
    for (const [name, { expiresAt }] of responses) {
      if (expiresAt > now || count === prunedAtOnce) return
      responses.delete(name)
      count += 1
    }
  }
}

function nameOf({ principal, key }: KeyId): string {
  return JSON.stringify([principal, key])
}
