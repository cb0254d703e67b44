import { drained, drainedLarge, drainedOneByOne } from './drain.ts'
import { awaited, awaitedLarge, burst, burstLarge } from './enqueue.ts'
import { lone } from './lone.ts'
import { inMemory } from './memory.ts'
import type { PageWork } from './work.ts'

/** What is done in the page, in the order of the table. */
export const works: readonly PageWork[] = [
  awaited,
  awaitedLarge,
  burst,
  burstLarge,
  drained,
  drainedLarge,
  drainedOneByOne,
  inMemory,
  lone,
]
