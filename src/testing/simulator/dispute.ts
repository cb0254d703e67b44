import { enqueue } from './enqueues.ts'
import { destroy } from './operations.ts'
import type { Simulation } from './simulation.ts'

/**
 * A queue that nothing is left in is to be destroyed; a moment later, somebody brings something. Whoever is refused
 * then has to do that work alone, as if it had never asked.
 */
export async function dispute(simulation: Simulation, step: () => Promise<void>): Promise<void> {
  const { random, contexts } = simulation
  const [first, ...others] = contexts
  if (first === undefined) return
  const context = random.pick([first, ...others])
  const peers = contexts.filter(({ owner }) => owner === context.owner)
  destroy(simulation, context, false, () => {
    if (!context.isAble) return
    for (const peer of peers) if (peer !== context) simulation.crash(peer)
  })
  for (let left = random.below(8); left > 0; left--) await step()
  const [peer, ...more] = simulation.contexts.filter(({ owner }) => owner === context.owner)
  if (peer !== undefined) enqueue(simulation, random.pick([peer, ...more]))
}
