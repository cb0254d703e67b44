import type { OnDuplicate } from '../../machine/enqueue.ts'
import type { EnqueueOptions } from '../../queue/options.ts'
import type { Fate, Load } from './kinds.ts'
import type { Random } from './random.ts'
import type { Simulation } from './simulation.ts'

/** A payload that nobody had before. */
export function loadOf({ oracle, random, profile }: Simulation): Load {
  const fate: Fate = random.chance(0.75) ? 'fine' : random.pick(['fails', 'fatal', 'deadly', 'rotten'])
  const isDeadly = fate === 'deadly' && profile.world.crash === 0
  return oracle.ledger.load(isDeadly ? 'fine' : fate, {
    ...(random.chance(0.15) && { text: 'x'.repeat(2_000) }),
    ...(random.chance(0.1) && { extra: new Map([['a', random.below(100)]]) }),
  })
}

export function optionsOf(random: Random): EnqueueOptions {
  return {
    ...(random.chance(0.4) && { key: random.pick(['k1', 'k2']) }),
    ...(random.chance(0.25) && dedupeOf(random)),
    ...(random.chance(0.2) && { priority: random.between(-2, 5) }),
    ...(random.chance(0.2) && { delayMs: random.below(random.pick([1_000, 90_000])) }),
    ...(random.chance(0.15) && { expiresInMs: random.below(120_000) }),
  }
}

function dedupeOf(random: Random): EnqueueOptions {
  const onDuplicate = random.pick<OnDuplicate>(['keep', 'replace', 'debounce', 'queue-one'])
  const states = ['pending', 'running', 'completed', 'dead'] as const
  const isTimed = random.chance(0.2)
  return {
    dedupeKey: random.pick(['d1', 'd2']),
    onDuplicate,
    ...(isTimed && { dedupeMs: random.below(60_000) }),
    ...(onDuplicate === 'debounce' && { debounceMaxMs: 30_000, delayMs: 2_000 }),
    ...(!isTimed && random.chance(0.1) && { while: states.slice(0, random.between(1, 4)) }),
  }
}
