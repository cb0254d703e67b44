import type { AckStore, Settled, Settlement, SourceRecord } from './store.ts'

/**
 * Keeps the marks in memory, for tests and demonstrations: a restart forgets them, and every device then sends what
 * it has under numbers the server must ask for from 1. `onAck` may be asynchronous, and gets `undefined` as its `tx`.
 *
 * @example
 * ```ts
 * import { createReceiver, memoryAcks } from 'holdfast/receiver'
 *
 * const receive = createReceiver({
 *   store: memoryAcks(),
 *   authenticate: () => 'me',
 *   onAck: (ack) => console.log(ack.subject, ack.type),
 * })
 * await receive(new Request('https://example.com/acks', { method: 'HEAD' }))
 * ```
 */
export function memoryAcks(): AckStore<undefined> {
  const records = new Map<string, SourceRecord>()
  const turns = new Map<string, Promise<void>>()

  return {
    settle(source, decide) {
      const before = turns.get(source) ?? Promise.resolve()
      const settled = before.then(async () => {
        const { record, result } = await perform(decide(records.get(source)))
        if (record !== undefined) records.set(source, record)
        return result
      })
      const turn: Promise<void> = settled.then(leave, leave)
      turns.set(source, turn)
      return settled

      function leave(): void {
        if (turns.get(source) === turn) turns.delete(source)
      }
    },
  }
}

async function perform<Result>(settlement: Settlement<undefined, unknown, Result>): Promise<Settled<Result>> {
  let step = settlement.next()
  while (step.done !== true) {
    try {
      await step.value.effect(undefined)
    } catch (error) {
      step = settlement.throw(error)
      continue
    }
    step = settlement.next()
  }
  return step.value
}
