import { memoryStore } from 'holdfast'
import { payloads } from './jobs.ts'
import { fill, openOurs, type Ours, settledOnDisk } from './ours.ts'

/** Holds what the heap is to be measured with. */
export interface Heap {
  /** Takes so many jobs in, closes the queue, and opens it anew, as the next visit does. */
  load(count: number): Promise<void>
  /** Takes so many jobs in, in memory. */
  takeIn(count: number): Promise<void>
  /** Lets go. */
  drop(): Promise<void>
  /** The characters of the payloads of so many jobs. */
  payloadLength(count: number): number
}

let held: Ours | undefined

export const heap: Heap = {
  async load(count) {
    const before = openOurs({ durability: 'relaxed' })
    const { name } = before
    await fill(before, payloads(count))
    await settledOnDisk(name)
    await before.close()
    held = openOurs({ name })
    await held.info()
  },
  async takeIn(count) {
    held = openOurs({ store: memoryStore() })
    await fill(held, payloads(count))
  },
  async drop() {
    await held?.destroy({ force: true })
    held = undefined
  },
  payloadLength: (count) =>
    payloads(count).reduce((length, payload) => length + JSON.stringify(payload).length, 0),
}
