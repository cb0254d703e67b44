import fastq from 'fastq'
import PQueue from 'p-queue'
import type { Payload } from './jobs.ts'

export type RunInMemory = (
  given: readonly Payload[],
  concurrency: number,
  run: (payload: Payload) => void,
) => Promise<void>

/** Every job added at once, as their READMEs do; resolves when all ran. */
export const runPQueue: RunInMemory = async (given, concurrency, run) => {
  const queue = new PQueue({ concurrency })
  const all = given.map((payload) => queue.add(async () => run(payload)))
  await Promise.all(all)
}

export const runFastq: RunInMemory = async (given, concurrency, run) => {
  const queue = fastq.promise(async (payload: Payload) => run(payload), concurrency)
  const all = given.map((payload) => queue.push(payload))
  await Promise.all(all)
}
