import { expectHeld, type Fixture, type GrownQueue, openFixture } from './fixture.ts'
import { recordsOf } from './records.ts'

/** From nothing but what the store holds to the first call of a handler: milliseconds. Whoever else has it open stays. */
export async function coldStart(fixture: Fixture): Promise<number> {
  const others = await openIdle(fixture, fixture.amounts.replicas - 1)
  const first = Promise.withResolvers<number>()
  // What is claimed is given back, so that as much is there for the next to look at.
  const run = async (_: number, signal: AbortSignal): Promise<void> => {
    first.resolve(performance.now())
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
  const startedAt = performance.now()
  const queue = openFixture(fixture, run)
  try {
    await queue.start()
    const taken = (await first.promise) - startedAt
    await queue.stop({ graceMs: 0 })
    await expectHeld(queue, fixture, fixture.next - fixture.ran.size)
    return taken
  } finally {
    await Promise.all([queue, ...others].map((each) => each.close()))
  }
}

/** What its records weigh: kilobytes. */
export async function diskOf(fixture: Fixture): Promise<number> {
  const { logBytes, otherBytes } = await recordsOf(fixture.name)
  return (logBytes + otherBytes) / 1_000
}

/** Opens it in as many contexts as are to have it open, none of which runs anything. */
export async function openIdle(fixture: Fixture, count: number): Promise<GrownQueue[]> {
  const queues = Array.from({ length: count }, () => openFixture(fixture, () => undefined))
  await Promise.all(queues.map((each) => each.get('')))
  return queues
}
