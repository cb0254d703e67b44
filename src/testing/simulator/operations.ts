import type { Context } from './context.ts'
import { freshness, isCode } from './kinds.ts'
import { enqueue, enqueueAll, refused } from './enqueues.ts'
import { loadOf } from './loads.ts'
import type { Operations } from './profile.ts'
import type { Simulation } from './simulation.ts'
import { must } from './violation.ts'

type Verb = keyof Operations

/** Lets some caller in some context ask for something. */
export function operate(simulation: Simulation): Context | undefined {
  const { random, profile, contexts } = simulation
  const verb = random.weighted(profile.operations)
  if (verb === undefined) return undefined
  if (verb === 'open') return openAnother(simulation)
  const [first, ...others] = contexts
  if (first === undefined) return openAnother(simulation)
  const context = random.pick([first, ...others])
  if (context.frozenUntil > simulation.world.now) return undefined
  verbs[verb](simulation, context)
  return context
}

function openAnother(simulation: Simulation): Context | undefined {
  const { random, profile, contexts } = simulation
  if (contexts.length >= profile.contexts) return undefined
  const [first = '', ...others] = profile.owners
  const context = simulation.open(random.pick([first, ...others]), random.chance(0.7))
  if (random.chance(0.8)) verbs.start(simulation, context)
  return context
}

const verbs: Readonly<Record<Exclude<Verb, 'open'>, (simulation: Simulation, context: Context) => void>> = {
  enqueue,

  enqueueAll,

  cancel(simulation, context) {
    const id = someJob(simulation, context)
    if (id === undefined) return
    simulation.oracle.ledger.asked(id, 1)
    simulation.promises.follow(context, 'cancel', id, context.queue.cancel(id), {
      allowed: ['not-found', 'wrong-state'],
      rejected: (error) => notGone(simulation, id, error),
    })
  },

  redrive(simulation, context) {
    const id = someJob(simulation, context)
    const isAll = simulation.random.chance(0.3)
    if (isAll) simulation.promises.follow(context, 'redrive', 'all', context.queue.redrive({ limit: 3 }))
    else if (id !== undefined) {
      const allowed = ['not-found', 'wrong-state'] as const
      simulation.promises.follow(context, 'redrive', id, context.queue.redrive(id), { allowed })
    }
  },

  edit(simulation, context) {
    const id = someJob(simulation, context)
    if (id === undefined) return
    const load = loadOf(simulation)
    freshness.isEnqueueing = true
    const promise = context.queue.edit(id, load)
    freshness.isEnqueueing = false
    simulation.promises.follow(context, 'edit', `${id} ${load.serial}`, promise, {
      allowed: ['not-found', 'wrong-state', 'quota-exceeded', 'payload-invalid'],
      rejected: (error) => refused(simulation, [load], error),
    })
  },

  remove(simulation, context) {
    const id = someJob(simulation, context)
    if (id !== undefined) remove(simulation, context, id)
  },

  pause: ({ promises }, context) => promises.follow(context, 'pause', '', context.queue.pause()),

  resume({ promises, random }, context) {
    const kind = random.chance(0.5) ? 'call' : undefined
    promises.follow(context, 'resume', kind ?? '', context.queue.resume(kind))
  },

  flush: ({ promises }, context) => promises.follow(context, 'flush', '', context.queue.flush()),

  start: ({ promises }, context) => promises.follow(context, 'start', '', context.queue.start()),

  stop({ promises, random }, context) {
    const graceMs = random.pick([0, 0, 1_000, 30_000])
    promises.follow(context, 'stop', String(graceMs), context.queue.stop({ graceMs }))
  },

  drain({ promises, random }, context) {
    const options = random.chance(0.5) ? { deadlineMs: random.below(20_000) } : {}
    promises.follow(context, 'drain', JSON.stringify(options), context.queue.drain(options), {
      resolved: ({ stopped }) => simulationNotes(context, stopped),
    })
  },

  close({ promises }, context) {
    promises.follow(context, 'close', '', context.queue.close(), {
      resolved: () => {
        context.isClosed = true
      },
    })
  },

  leave({ promises, world }, context) {
    world.fault('leave', context.name)
    promises.follow(context, 'leave', '', context.queue.leave())
  },

  wake: (_, { queue }) => queue.wake(),

  result(simulation, context) {
    const id = someJob(simulation, context)
    if (id === undefined) return
    const stop = new AbortController()
    let isOver = false
    const giveUp = (): void => stop.abort(new DOMException('Given up', 'AbortError'))
    simulation.world.later(
      context,
      `${context.name} gives result up`,
      simulation.random.below(60_000),
      giveUp,
    )
    const waiting = context.queue.result(id, { signal: stop.signal }).catch((error: unknown) => {
      isOver = error === stop.signal.reason
      if (isOver) return undefined
      throw error
    })
    simulation.promises.follow(context, 'result', id, waiting, {
      allowed: ['job-dead', 'job-cancelled', 'not-found'],
      resolved: (value) => {
        const { ledger } = simulation.oracle
        const given = ledger.results.get(id)
        const text = value === undefined ? undefined : JSON.stringify(value)
        const isGiven = text === undefined ? isOver || ledger.found.has(id) : given?.has(text) === true
        must(
          isGiven,
          'what a caller was told is true',
          () => `the result of ${id} is ${text}, no handler returned it`,
        )
      },
    })
  },

  hide(_, context) {
    context.isHidden = !context.isHidden
  },

  look(simulation, context) {
    const { queue } = context
    const id = someJob(simulation, context) ?? 'nothing'
    const allowed = ['not-found'] as const
    simulation.promises.follow(context, 'list', '', queue.list({ limit: 7 }))
    simulation.promises.follow(context, 'info', '', queue.info())
    simulation.promises.follow(context, 'why', id, queue.why(id), { allowed })
    simulation.promises.follow(context, 'payload', id, queue.payload(id), { allowed })
  },

  destroy: (simulation, context) => destroy(simulation, context, simulation.random.chance(0.4)),
}

export function destroy(
  { promises, world }: Simulation,
  context: Context,
  force: boolean,
  refused: () => void = () => undefined,
): void {
  promises.follow(context, 'destroy', String(force), context.queue.destroy({ force }), {
    allowed: ['unsent', 'wrong-state'],
    rejected: refused,
    resolved: () => {
      context.isClosed = true
      world.fault(context.owner === '' ? 'log destroyed' : 'owner erased', context.name)
    },
  })
}

function simulationNotes(context: Context, stopped: string): void {
  context.stage.current?.world.census.count('outcome', `drain ${stopped}`)
}

export function remove(simulation: Simulation, context: Context, id: string): void {
  simulation.oracle.ledger.asked(id, 1)
  simulation.promises.follow(context, 'remove', id, context.queue.remove(id), {
    allowed: ['not-found', 'wrong-state'],
    rejected: (error) => notGone(simulation, id, error),
  })
}

function notGone({ oracle }: Simulation, id: string, error: unknown): void {
  if (!isCode(error, ['outcome-unknown'])) oracle.ledger.asked(id, -1)
}

function someJob({ oracle, random }: Simulation, { owner }: Context): string | undefined {
  const ids = [...oracle.ledger.accepted.values()].filter((job) => job.owner === owner).map((job) => job.id)
  const [first, ...others] = ids.slice(-8)
  return first === undefined ? undefined : random.pick([first, ...others])
}
