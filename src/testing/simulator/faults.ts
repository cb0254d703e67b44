import { FORMAT } from '../../machine/events.ts'
import type { Context } from './context.ts'
import type { WorldFaults } from './profile.ts'
import type { Simulation } from './simulation.ts'

type Fault = Exclude<keyof WorldFaults, 'lock kept by the dead'>

/** Lets something happen to a context, or to the world between them. */
export function strike(simulation: Simulation): Context | undefined {
  const { random, profile, contexts } = simulation
  const { 'lock kept by the dead': _, ...weights } = profile.world
  const fault = random.weighted(weights)
  const [first, ...others] = contexts
  if (fault === undefined || first === undefined) return undefined
  const context = random.pick([first, ...others])
  faults[fault](simulation, context)
  return context
}

const faults: Readonly<Record<Fault, (simulation: Simulation, context: Context) => void>> = {
  crash(simulation, context) {
    simulation.world.fault('crash', context.name)
    simulation.crash(context)
  },

  freeze({ world, random }, context) {
    const ms = random.pick([2_000, 40_000, 400_000])
    context.sleeps = random.chance(0.3)
    context.frozenUntil = world.now + ms
    world.fault('freeze', `${context.name} for ${ms}${context.sleeps ? ', asleep' : ''}`)
  },

  'wall clock forwards'({ world, random }, context) {
    world.isSkewed = true
    turn(context, random.pick([1_000, 60_000, 86_400_000]))
    world.fault('wall clock forwards', context.name)
  },

  'wall clock back'({ world, random }, context) {
    world.isSkewed = true
    turn(context, -random.pick([1_000, 60_000, 86_400_000]))
    world.fault('wall clock back', context.name)
  },

  'quota begins'({ world, engine, random }) {
    engine.isFull = true
    world.fault('quota begins')
    world.later(undefined, 'there is room again', random.below(60_000), () => {
      engine.isFull = false
    })
  },

  'log destroyed'({ world, engine }) {
    world.fault('log destroyed', 'under everybody')
    engine.disk.destroy()
  },

  'newer version'({ world, engine, oracle }) {
    if (oracle.isAhead) return
    world.fault('newer version', 'writes an entry')
    const body = JSON.stringify({ v: FORMAT + 1, at: 0, events: [{ type: 'unheard-of' }] })
    engine.disk.append({ id: `newer:${engine.disk.head}`, body, durability: 'strict' })
  },

  'network down'({ world, network, service, random }) {
    if (network.isDown) return
    world.fault('network down')
    network.isDown = true
    service.isReachable = false
    world.later(undefined, 'the network is back', random.below(200_000), () => {
      network.isDown = false
      service.isReachable = true
    })
  },

  'service changes'({ world, service, random }) {
    service.status = random.pick([200, 200, 503, 429, 401])
    service.retryAfter = random.chance(0.3) ? random.between(0, 90) : undefined
    world.fault('service changes', `to ${service.status}`)
  },

  'acknowledgement refused'(simulation) {
    const id = unfinished(simulation)
    if (id === undefined) return
    simulation.world.fault('acknowledgement refused', id)
    simulation.server.refused.add(id)
  },

  'acknowledgement rejected'(simulation) {
    const id = unfinished(simulation)
    if (id !== undefined) simulation.server.rejected.add(id)
  },
}

function turn({ clock }: Context, ms: number): void {
  clock.setWall(clock.now() + ms)
}

function unfinished({ oracle, random }: Simulation): string | undefined {
  const [first, ...others] = [...oracle.model.jobs.values()].filter((job) => job.finish === 0)
  return first && random.pick([first, ...others]).id
}
