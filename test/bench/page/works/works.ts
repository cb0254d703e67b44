import { acknowledged } from './acknowledged.ts'
import { cold } from './cold.ts'
import { drained, drainedLarge, drainedOneByOne } from './drain.ts'
import { awaited, awaitedLarge, burst, burstLarge } from './enqueue.ts'
import { grown } from './flow.ts'
import { latency } from './latency.ts'
import { lone } from './lone.ts'
import { inMemory } from './memory.ts'
import { smooth } from './smooth.ts'
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
  cold,
  grown,
  inMemory,
  smooth,
  acknowledged,
  lone,
  latency,
]
