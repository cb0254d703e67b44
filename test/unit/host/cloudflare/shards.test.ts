import { describe, expect, it } from 'vitest'
import { shardOf, shardStub, shardStubs, sumInfo } from '../../../../src/host/cloudflare/index.ts'
import { createQueue, memoryStore } from '../../../../src/index.ts'

const keys = Array.from({ length: 20_000 }, (_, index) => `user-${index}`)

describe('the shard of a key', () => {
  it('is the same for ever: where jobs lie depends on it', () => {
    const of = (shards: number) => ['', 'a', 'customer-7', 'Käthe', '鯨'].map((key) => shardOf(key, shards))
    expect(of(1)).toEqual([0, 0, 0, 0, 0])
    expect(of(16)).toEqual([10, 13, 10, 2, 15])
    expect(of(1_000)).toEqual([975, 951, 681, 952, 329])
  })

  it('moves only to a shard that is new', () => {
    let moved = 0
    for (const key of keys) {
      const [before, after] = [shardOf(key, 16), shardOf(key, 17)]
      if (before === after) continue
      moved++
      expect(after).toBe(16)
    }
    expect(moved / keys.length).toBeCloseTo(1 / 17, 2)
  })

  it('is any of them, about as often as any other', () => {
    const counts = new Map<number, number>()
    for (const key of keys) counts.set(shardOf(key, 16), (counts.get(shardOf(key, 16)) ?? 0) + 1)
    expect(counts.size).toBe(16)
    for (const count of counts.values()) expect(Math.abs(count / (keys.length / 16) - 1)).toBeLessThan(0.1)
  })

  it('is one of a whole number of shards', () => {
    for (const shards of [0, -1, 1.5, Number.NaN, 65_537])
      expect(() => shardOf('a', shards)).toThrow(RangeError)
  })
})

describe('the objects', () => {
  const asked: unknown[] = []
  const namespace = {
    idFromName: (name: string) => ({ name }),
    get(id: { readonly name: string }, options?: { readonly locationHint?: string }) {
      asked.push(options)
      return id.name
    },
  }

  it('are found by key, and all together', () => {
    const options = { prefix: 'mail', shards: 3 }
    expect(shardStubs(namespace, options)).toEqual(['mail-0', 'mail-1', 'mail-2'])
    const key = 'customer-7'
    expect(shardStub(namespace, { ...options, key })).toBe(`mail-${shardOf(key, 3)}`)
    expect(asked.at(-1)).toEqual({})
    shardStub(namespace, { ...options, key, locationHint: 'weur' })
    expect(asked.at(-1)).toEqual({ locationHint: 'weur' })
    expect(() => shardStubs(namespace, { ...options, shards: 0.5 })).toThrow(RangeError)
  })

  it('add up what they say', async () => {
    const infos = await Promise.all(
      [1, 2].map(async (jobs) => {
        const handlers = { work: () => 'done', [`only-${jobs}`]: () => 'done' }
        const queue = createQueue({ name: 'mail', store: memoryStore(), handlers })
        for (let job = 0; job < jobs; job++) await queue.enqueue('work')
        await queue.enqueue(`only-${jobs}`)
        if (jobs === 2) await queue.pause()
        const info = await queue.info()
        await queue.close()
        return info
      }),
    )
    const sum = sumInfo(infos)
    expect(sum).toMatchObject({ unsent: 0, running: 0, paused: 1, holds: [] })
    expect(sum.counts).toMatchObject({ pending: 5, completed: 0 })
    expect(sum.kinds).toMatchObject({
      work: { pending: 3 },
      'only-1': { pending: 1 },
      'only-2': { pending: 1 },
    })
    expect(sum.oldestPendingAgeMs).toBe(Math.max(...infos.map((info) => info.oldestPendingAgeMs ?? 0)))
    expect(sumInfo([]).oldestPendingAgeMs).toBe(null)
  })
})
