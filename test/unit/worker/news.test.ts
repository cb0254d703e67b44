import { describe, expect, it } from 'vitest'
import { createQueue } from '../../../src/index.ts'
import { bench, until } from '../queue/bench.ts'

describe('a worker that is idle', () => {
  it('takes what another context enqueues, without the time passing', async () => {
    const { given, keep, clock } = bench()
    const runner = keep(createQueue({ ...given(), handlers: { ping: () => 'pong' } }))
    await runner.start()
    const before = clock.monotonic()
    const other = keep(createQueue({ ...given(), handlers: { ping: () => 'not here' } }))
    const { id } = await other.enqueue('ping')
    await until(async () => (await runner.get(id))?.state === 'completed')
    expect(clock.monotonic()).toBe(before)
  })

  it('takes what a redrive and the end of a pause in another context let go on', async () => {
    const { given, keep, clock } = bench()
    const runner = keep(createQueue({ ...given(), handlers: { ping: () => 'pong' } }))
    await runner.start()
    const other = keep(createQueue({ ...given(), handlers: { ping: () => 'not here' } }))
    await other.pause()
    const before = clock.monotonic()
    const { id } = await other.enqueue('ping')
    await other.cancel(id)
    await other.redrive(id)
    await other.resume()
    await until(async () => (await runner.get(id))?.state === 'completed')
    expect(clock.monotonic()).toBe(before)
  })
})
