import { type Payload, payloads, quantile } from '../jobs.ts'
import { expectStored, type Ours, withOurs } from '../ours.ts'
import { addEach, addEachAnswered, expectRows, withRaw } from '../raw.ts'
import { type PageWork, scaled } from './work.ts'

/** A worker that is idle, and one job at a time. */
export const lone: PageWork = {
  id: 'P14',
  title: 'lone job: from enqueue to its handler',
  unit: 'ms',
  targets: [{ ours: 'holdfast', peer: 'raw add, strict', is: '<=', target: 1.5 }],
  contestants: [
    { name: 'holdfast', run: (scale) => toHandler(scaled(200, scale)) },
    { name: 'raw add, strict', run: (scale) => toCommit(addEach, scaled(200, scale)) },
    {
      name: 'raw add, answered first, strict',
      run: (scale) => toCommit(addEachAnswered, scaled(200, scale)),
    },
  ],
}

function toHandler(count: number): Promise<number> {
  const taken: number[] = []
  let started: ((at: number) => void) | undefined
  const run = (_payload: Payload): void => started?.(performance.now())
  return withOurs({ run }, async (queue) => {
    const given = payloads(count)
    await queue.start()
    for (const payload of given) {
      const start = new Promise<number>((resolve) => {
        started = resolve
      })
      const enqueuedAt = performance.now()
      await queue.enqueue('work', payload)
      taken.push((await start) - enqueuedAt)
      await idle(queue)
    }
    await expectStored(queue, [])
    return quantile(taken, 0.5)
  })
}

/** Resolves once nothing waits or runs, and its commit is over. */
export async function idle(queue: Ours): Promise<void> {
  for (;;) {
    const { counts } = await queue.info()
    if (counts.pending + counts.running === 0) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function toCommit(add: typeof addEach, count: number): Promise<number> {
  return withRaw({ durability: 'strict', indexed: false }, async (raw) => {
    const taken: number[] = []
    for (const payload of payloads(count)) {
      const startedAt = performance.now()
      await add(raw, [payload])
      taken.push(performance.now() - startedAt)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await expectRows(raw, count)
    return quantile(taken, 0.5)
  })
}
