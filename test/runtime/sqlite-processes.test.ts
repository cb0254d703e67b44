/**
 * Eight processes on one file, killed at random and replaced. For ten seconds; for the whole minute, and
 * 20 000 jobs, with HOLDFAST_PROCESSES=full. HOLDFAST_SEED repeats the kills of one run.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { createQueue } from 'holdfast'
import { sqliteStore } from 'holdfast/sqlite'
import { afterAll, expect, test } from 'vitest'
import { seededRandom } from '../../src/testing/simulator/random.ts'
import { databaseIn, type Effect, type Fleet, readEffects, startFleet } from './sqlite-fleet.ts'

const isFull = process.env.HOLDFAST_PROCESSES === 'full'
const { jobs, killingMs, leaseMs, limitMs } = isFull
  ? { jobs: 20_000, killingMs: 60_000, leaseMs: 30_000, limitMs: 900_000 }
  : { jobs: 5_000, killingMs: 10_000, leaseMs: 15_000, limitMs: 240_000 }
const keys = 200
const size = 8
const concurrency = 4
const seed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 2 ** 32)

const folder = mkdtempSync(join(tmpdir(), 'holdfast-processes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(
  'eight processes on one file finish everything once and in order, though they are killed',
  async () => {
    console.log(`seed ${seed}`)
    const queue = createQueue({
      name: 'work',
      store: sqliteStore({ path: databaseIn(folder) }),
      handlers: { write: async (_: { key: number; n: number }) => undefined },
    })
    const items = Array.from({ length: jobs }, (_, index) => {
      const [key, n] = [index % keys, Math.floor(index / keys)]
      return { kind: 'write' as const, payload: { key, n }, key: String(key) }
    })
    await queue.enqueueAll(items)
    const fleet = await startFleet({ folder, size, concurrency, leaseMs })
    const startedAt = Date.now()
    await killAtRandom(fleet, startedAt + killingMs)
    await fleet.complete()
    await expect
      .poll(() => queue.info().then(({ counts }) => counts.pending + counts.running), {
        interval: 250,
        timeout: limitMs,
      })
      .toBe(0)
    const endedAt = Date.now()
    const { counts } = await queue.info()
    await queue.close()
    expect(await fleet.stop()).toEqual(Array.from({ length: size }, () => 0))

    const effects = readEffects(folder)
    const killed = fleet.lives.filter(({ killedAt }) => killedAt !== undefined)
    console.log(
      `${jobs} jobs in ${endedAt - startedAt} ms, ${killed.length} kills, ${effects.length - jobs} duplicates;`,
      fleet.lives.map(({ child }) => effects.filter(({ pid }) => pid === child.pid).length).join(' '),
    )
    expect(counts.dead).toBe(0)
    expect(new Set(effects.map(jobOf)).size).toBe(jobs)
    expect(effects.length - jobs).toBeLessThanOrEqual(killed.length * concurrency)
    expect(repeatedByOthersThan(new Set(killed.map(({ child }) => child.pid)), effects)).toEqual([])
    expect(outOfOrder(effects)).toEqual([])
    // Of what is left at the end, a few keys that killed processes held, there is nothing to share.
    expectFairness(fleet, effects.slice(0, jobs * 0.9))
  },
  limitMs + killingMs,
)

function expectFairness(fleet: Fleet, effects: readonly Effect[]): void {
  for (const { child, startedAt, killedAt } of fleet.lives) {
    if (killedAt !== undefined) continue
    const fairShare = effects.filter(({ at }) => at >= startedAt).length / size
    const own = effects.filter(({ pid }) => pid === child.pid).length
    expect(own).toBeGreaterThanOrEqual(Math.floor(fairShare / 10))
  }
}

async function killAtRandom(fleet: Fleet, until: number): Promise<void> {
  const random = seededRandom(seed).next
  while (Date.now() < until) {
    await after(500 + 1_500 * random())
    await fleet.replace(Math.floor(size * random()))
  }
}

const jobOf = ({ key, n }: Effect): string => `${key}/${n}`

/** Effects that were repeated although whoever had them was never killed. */
function repeatedByOthersThan(killed: ReadonlySet<number | undefined>, effects: readonly Effect[]): Effect[] {
  const last = new Map(effects.map((effect) => [jobOf(effect), effect]))
  return effects.filter((effect) => last.get(jobOf(effect)) !== effect && !killed.has(effect.pid))
}

/** Effects that came after a later one of their key. */
function outOfOrder(effects: readonly Effect[]): Effect[] {
  const reached = new Map<number, number>()
  return effects.filter(({ key, n }) => {
    const isLate = n < (reached.get(key) ?? 0)
    reached.set(key, Math.max(n, reached.get(key) ?? 0))
    return isLate
  })
}
