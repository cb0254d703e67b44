import type { EnqueueItem } from '../../queue/options.ts'
import type { Enqueued } from '../../queue/types.ts'
import type { Context } from './context.ts'
import { freshness, isCode, type Kinds, kindNames, type Load } from './kinds.ts'
import { loadOf, optionsOf } from './loads.ts'
import type { Simulation } from './simulation.ts'

export function enqueue(simulation: Simulation, context: Context): void {
  const { random, promises } = simulation
  const kind = random.chance(0.3) ? 'call' : random.pick(kindNames)
  const load = loadOf(simulation)
  const options = optionsOf(random)
  simulation.oracle.ledger.enqueues(load, options)
  freshness.isEnqueueing = true
  const promise = context.queue.enqueue(kind, load, options)
  freshness.isEnqueueing = false
  const what = `${kind} ${load.serial} ${JSON.stringify(options)}`
  promises.follow(context, 'enqueue', what, promise, {
    allowed: ['backlog-full', 'quota-exceeded'],
    resolved: (enqueued) => tookIn(simulation, context, load, enqueued),
    rejected: (error) => refused(simulation, [load], error),
  })
}

export function enqueueAll(simulation: Simulation, context: Context): void {
  const { random, promises } = simulation
  const loads = Array.from({ length: random.between(2, 5) }, () => loadOf(simulation))
  const items: EnqueueItem<Kinds>[] = loads.map((payload) => {
    const options = optionsOf(random)
    simulation.oracle.ledger.enqueues(payload, options)
    return { ...options, kind: random.pick(kindNames), payload }
  })
  freshness.isEnqueueing = true
  const promise = context.queue.enqueueAll(items)
  freshness.isEnqueueing = false
  promises.follow(context, 'enqueueAll', loads.map((load) => load.serial).join(), promise, {
    allowed: ['backlog-full', 'quota-exceeded'],
    resolved: (all) => {
      for (const [place, load] of loads.entries()) {
        const enqueued = all[place]
        if (enqueued) tookIn(simulation, context, load, enqueued)
      }
    },
    rejected: (error) => refused(simulation, loads, error),
  })
}

function tookIn(
  { oracle, world }: Simulation,
  { owner }: Context,
  { serial }: Load,
  { id, outcome }: Enqueued,
): void {
  world.census.count('outcome', outcome)
  if (outcome === 'duplicate') oracle.ledger.wasRefused(serial, outcome)
  else oracle.ledger.tookIn(serial, id, owner)
}

/** Whoever is refused by any other word than "unknown" may count on it. */
export function refused({ oracle }: Simulation, loads: readonly Load[], error: unknown): void {
  if (isCode(error, ['outcome-unknown'])) return
  for (const { serial } of loads) oracle.ledger.wasRefused(serial, String(error))
}
