import { createQueue, defineTasks, type JobContext, type Queue, task } from 'holdfast'
import { assertOk } from 'holdfast/http'
import type { Write } from '../contract.ts'
import { bodyOf, urlOf } from './page.ts'

export interface Sent {
  readonly write: string
}

export type Writes = Queue<{ readonly send: { readonly payload: Write; readonly result: Sent } }>

/** The queue as the README has it: its jobs write to the server, which is told of what was finished. */
export function openWrites({ runs }: { readonly runs: boolean }): Writes {
  const send = async (write: Write, { idempotencyKey, signal }: JobContext): Promise<Sent> => {
    const headers = { 'Idempotency-Key': idempotencyKey }
    await assertOk(fetch(urlOf(write), { method: 'POST', body: bodyOf(write), headers, signal }))
    return { write: write.id }
  }
  return createQueue({
    name: 'writes',
    tasks: defineTasks({ send: task<Write, Sent>() }),
    handlers: runs ? { send } : {},
    sync: { url: '/api/acks' },
  })
}
