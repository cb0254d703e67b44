import { createQueue, defineTasks, type JobContext, type Queue, task } from 'holdfast'
import { assertOk } from 'holdfast/http'
import type { Kind, Write } from '../contract.ts'
import { urlOf } from './page.ts'

export interface Sent {
  readonly write: string
}

/** The write, with what is to be sent of it. */
export interface Kept extends Write {
  readonly body: Blob | string
}

export type Writes = Queue<Readonly<Record<Kind, { readonly payload: Kept; readonly result: Sent }>>>

/** The queue as the README has it: its jobs write to the server, which is told of what was finished. */
export function openWrites({ runs }: { readonly runs: readonly Kind[] }): Writes {
  const send = async (write: Kept, { idempotencyKey, signal }: JobContext): Promise<Sent> => {
    const headers = { 'Idempotency-Key': idempotencyKey }
    await assertOk(fetch(urlOf(write), { method: 'POST', body: write.body, headers, signal }))
    return { write: write.id }
  }
  return createQueue({
    name: 'writes',
    tasks: defineTasks({ send: task<Kept, Sent>(), blur: task<Kept, Sent>() }),
    handlers: Object.fromEntries(runs.map((kind) => [kind, send])),
    sync: { url: '/api/acks' },
  })
}
