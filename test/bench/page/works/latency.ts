import { type Payload, payloadOf, quantile } from '../jobs.ts'
import { openOurs } from '../ours.ts'
import { addEach, type Raw, withRaw } from '../raw.ts'
import { idle } from './lone.ts'
import { type PageWork, scaled } from './work.ts'

/** Beside each measured job under load: so many more, this often (milliseconds). */
const load = { jobs: 20, everyMs: 5 }
const count = 200

type Until = 'durable' | 'handler'

/** How long one job takes, alone and while others go through. */
export const latency: PageWork = {
  id: 'latency',
  title: `from enqueue on, alone and beside ${load.jobs} jobs every ${load.everyMs} ms`,
  unit: 'ms',
  targets: [],
  contestants: (['alone', 'loaded'] as const).flatMap((how) =>
    ([0.5, 0.99] as const).flatMap((share) => [
      ...(['durable', 'handler'] as const).map((until) => ({
        name: `holdfast to ${until}, ${how}, p${share * 100}`,
        rounds: 3,
        run: (scale: number) => ours(until, how === 'loaded', share, scaled(count, scale)),
      })),
      {
        name: `raw add to durable, ${how}, p${share * 100}`,
        rounds: 3,
        run: (scale: number) => raw(how === 'loaded', share, scaled(count, scale)),
      },
    ]),
  ),
}

async function ours(until: Until, isLoaded: boolean, share: number, jobs: number): Promise<number> {
  const taken: number[] = []
  const starts = new Map<number, (at: number) => void>()
  const run = ({ number }: Payload): void => starts.get(number)?.(performance.now())
  const queue = openOurs({ run })
  try {
    await queue.start()
    const others = isLoaded
      ? repeat(() => queue.enqueueAll(crowd().map((payload) => ({ kind: 'work', payload }))))
      : undefined
    for (let number = 0; number < jobs; number += 1) {
      const start = new Promise<number>((resolve) => starts.set(number, resolve))
      const enqueuedAt = performance.now()
      await queue.enqueue('work', payloadOf(number))
      const durableAt = performance.now()
      const startedAt = await start
      taken.push((until === 'durable' ? durableAt : startedAt) - enqueuedAt)
      if (!isLoaded) await idle(queue)
    }
    await others?.end()
    await queue.drain()
    return quantile(taken, share)
  } finally {
    await queue.destroy({ force: true })
  }
}

function raw(isLoaded: boolean, share: number, jobs: number): Promise<number> {
  return withRaw({ durability: 'strict', indexed: false }, async (opened: Raw) => {
    const taken: number[] = []
    // In one transaction, as `enqueueAll` is.
    const others = isLoaded ? repeat(() => addTogether(opened, crowd())) : undefined
    for (let number = 0; number < jobs; number += 1) {
      const startedAt = performance.now()
      await addEach(opened, [payloadOf(number)])
      taken.push(performance.now() - startedAt)
    }
    await others?.end()
    return quantile(taken, share)
  })
}

function addTogether(raw: Raw, given: readonly Payload[]): Promise<void> {
  return raw.transaction((tx) => {
    for (const payload of given) tx.objectStore('jobs').add({ payload })
    tx.commit()
  })
}

function crowd(): Payload[] {
  return Array.from({ length: load.jobs }, () => payloadOf(1_000_000))
}

/** Calls `work` again and again, and waits for all of it in the end. */
function repeat(work: () => Promise<unknown>): { end(): Promise<void> } {
  const under = new Set<Promise<unknown>>()
  const failed: unknown[] = []
  const timer = setInterval(() => {
    // As many as a machine that is busy can take: it is not to drown.
    if (under.size >= 10) return
    const doing = work()
      .catch((error: unknown) => failed.push(error))
      .finally(() => under.delete(doing))
    under.add(doing)
  }, load.everyMs)
  return {
    async end() {
      clearInterval(timer)
      await Promise.all(under)
      if (failed.length > 0) throw failed[0]
    },
  }
}
