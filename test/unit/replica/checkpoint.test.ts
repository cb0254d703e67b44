import { afterEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/index.ts'
import { decodeEntry, encodeEvents, loadState } from '../../../src/machine/codec.ts'
import type { LogEvent } from '../../../src/machine/events.ts'
import { Checkpointer } from '../../../src/replica/checkpoint.ts'
import { Waits } from '../../../src/replica/waits.ts'
import type { Clock } from '../../../src/index.ts'
import type { StoreFactory } from '../../../src/store/contract.ts'
import { faultyStore } from '../../../src/testing/faulty-store.ts'
import { manualClock } from '../../../src/testing/manual-clock.ts'
import { gate, turns } from '../queue/bench.ts'

const ends: (() => void)[] = []
const errors: unknown[] = []
afterEach(() => {
  expect(errors.splice(0)).toEqual([])
  for (const end of ends.splice(0)) end()
})

/** A log, and contexts that follow it: time stands still, so there is never a pause. */
async function follow(
  store: StoreFactory,
  contexts: number,
  change: (clock: Clock) => Clock = (same) => same,
) {
  const handle = store('mail')
  const manual = manualClock()
  const clock = change(manual)
  const { log } = await handle.load()
  const replicas = Array.from({ length: contexts }, () => {
    const waits = new Waits(clock)
    ends.push(() => waits.end())
    const onError = (error: unknown): void => void errors.push(error)
    const checkpointer = new Checkpointer({ store: handle, clock, waits, onError })
    const state = loadState({ log, mark: 0, pages: [], entries: [] }, 0)
    checkpointer.loaded(state, 0, [])
    return { checkpointer, state }
  })
  let seq = 0
  /** Appends so many events, which change nothing that lives; `heard`: by whom else. */
  const append = async (by: number, count: number, heard = replicas): Promise<void> => {
    const events = Array.from({ length: count }, (): LogEvent => ({ type: 'renewed', worker: 'w' }))
    const entry = { id: `w:${++seq}`, body: encodeEvents(0, events) }
    await handle.commit({ log, seq: seq - 1 }, () => ({ ...entry, durability: 'relaxed' }))
    for (const [place, { checkpointer, state }] of replicas.entries()) {
      if (!heard.includes(replicas[place] as (typeof replicas)[number])) continue
      state.apply(decodeEntry({ ...entry, seq }))
      checkpointer.folded(state, decodeEntry({ ...entry, seq }), place === by)
    }
    for (const { checkpointer } of replicas) checkpointer.look()
    await turns(2)
  }
  const behind = async (): Promise<number> => seq - (await handle.load()).mark
  return { append, behind, replicas, clock: manual }
}

describe('the checkpoint of a log that never pauses', () => {
  it.each([
    ['one context', 1, 0],
    ['two in step', 2, 0],
    ['two out of step, each of which has one due by an entry of the other', 2, 600],
  ])('is written in time: of %s', async (_, contexts, ahead) => {
    const { append, behind, replicas } = await follow(memoryStore(), contexts)
    // The first alone counts it, as if the other had loaded behind it.
    if (ahead > 0) await append(0, ahead, replicas.slice(0, 1))
    let longest = 0
    for (let turn = 1; turn <= 100; turn++) {
      await append(turn % contexts, 600)
      longest = Math.max(longest, await behind())
    }
    // Two entries make one due, eight times due have it written, by whoever appends next.
    expect(longest).toBeGreaterThanOrEqual(15)
    expect(longest).toBeLessThanOrEqual(18)
  })

  it('is followed by no other while nothing is due again, whatever was appended as it was written', async () => {
    const written = gate()
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'checkpoint' ? { type: 'stall', until: written.promise } : undefined,
    )
    const { append } = await follow(store, 1)
    for (let turn = 1; turn <= 17; turn++) await append(0, 600)
    expect(store.counts.checkpoint).toBe(1)
    written.open()
    await turns()
    await append(0, 1)
    expect(store.counts.checkpoint).toBe(1)
  })

  it('is tried again when the next is due, and not with each entry, where the store refuses it', async () => {
    const store = faultyStore(memoryStore(), ({ method }) =>
      method === 'checkpoint' ? { type: 'fail-before' } : undefined,
    )
    const { append } = await follow(store, 1)
    for (let turn = 1; turn <= 20; turn++) {
      await append(0, 600)
      await append(0, 1)
    }
    // The eighth time, which are sixteen turns, and each time since.
    expect(store.counts.checkpoint).toBe(3)
    expect(errors.splice(0)).toHaveLength(3)
  })

  it('waits for no pause where nobody else is, and sets no timer there', async () => {
    const inner = memoryStore()
    const { append, behind, clock } = await follow((name) => ({ ...inner(name), exclusive: true }), 1)
    await append(0, 1_100)
    await turns()
    expect([await behind(), clock.timers]).toEqual([0, 0])
  })

  it('is written although a timer is lost, as those of a request in a Worker are with it', async () => {
    let isLost = false
    const { append, behind, clock } = await follow(memoryStore(), 1, (all) => ({
      ...all,
      setTimer(callback, ms) {
        if (isLost) return all.setTimer(callback, ms)
        isLost = true
        return () => undefined
      },
    }))
    await append(0, 1_100)
    clock.advance(2_000)
    await turns()
    expect([isLost, await behind()]).toEqual([true, 1])
    await append(0, 1)
    clock.advance(100)
    await turns()
    expect(await behind()).toBe(0)
  })

  it('is the affair of one of two that count alike', async () => {
    const store = faultyStore(memoryStore())
    const { append, clock } = await follow(store, 2)
    for (let turn = 1; turn <= 2; turn++) await append(turn % 2, 600)
    clock.advance(100)
    await turns()
    expect(store.counts.checkpoint).toBe(1)
  })
})
