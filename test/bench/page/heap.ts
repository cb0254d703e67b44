import { memoryStore } from 'holdfast'
import { payloads } from './jobs.ts'
import { expectWaiting, fill, fillFolded, openOurs, type Ours } from './ours.ts'

/** Holds what the heap is to be measured with. */
export interface Heap {
  /**
   * Takes so many jobs in, closes the queue, and opens it anew, as the next visit does.
   *
   * @throws Error unless so many wait then.
   */
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
    await fillFolded(before, payloads(count))
    await before.close()
    held = openOurs({ name })
    await expectWaiting(held, count)
  },
  async takeIn(count) {
    held = openOurs({ store: memoryStore() })
    await fill(held, payloads(count))
    await expectWaiting(held, count)
  },
  async drop() {
    await held?.destroy({ force: true })
    held = undefined
  },
  payloadLength: (count) =>
    payloads(count).reduce((length, payload) => length + JSON.stringify(payload).length, 0),
}
