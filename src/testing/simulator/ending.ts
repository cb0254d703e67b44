import type { Context } from './context.ts'
import { remove } from './operations.ts'
import type { Simulation } from './simulation.ts'
import { must } from './violation.ts'

/** How long everything may take to come to its end once faults have stopped (milliseconds of the world). */
const boundMs = 4 * 3_600_000

/** How many steps that may take: a bound for what goes round without getting on. */
const boundSteps = 60_000

/** How long the network goes on to fail once everything else has stopped to (milliseconds). */
const networkMs = 60_000

const lost = '1: no resolved enqueue is lost'
const goesOn = '7: it goes on, or says why not'
const gapless = '5: acknowledgements have no gap and no repeat'

/** Faults stop: whatever was frozen thaws, what was full has room, and somebody is there to do the work. */
export function heal(simulation: Simulation): void {
  const { world, engine, network, service, profile, oracle } = simulation
  world.note('HEALED')
  world.isFaulty = false
  world.calmSince = world.now
  engine.isFull = false
  network.isDown = false
  // The network is the last to recover: most of what there is to send is sent only now.
  network.failsUntil = world.now + networkMs
  Object.assign(service, { status: 200, retryAfter: undefined, isReachable: true })
  world.bury()
  if (oracle.isAhead) startOver(simulation)
  for (const context of simulation.contexts) {
    context.frozenUntil = 0
    context.sleeps = false
    context.isHidden = false
  }
  for (const owner of profile.owners) if (!hasWorker(simulation, owner)) simulation.open(owner, true)
}

/** Nothing can be done with a log of a newer version but to have it gone: contexts that met it stay down. */
function startOver({ contexts, engine, promises }: Simulation): void {
  engine.disk.destroy()
  for (const context of contexts) close(context, promises)
}

function close(context: Context, promises: Simulation['promises']): void {
  promises.follow(context, 'close', '', context.queue.close(), {
    resolved: () => {
      context.isClosed = true
    },
  })
}

function hasWorker({ contexts }: Simulation, owner: string): boolean {
  return contexts.some((context) => context.owner === owner && context.isAble)
}

/** What an operator does until everything has come to its end. */
export async function bringHome(simulation: Simulation, step: () => Promise<void>): Promise<void> {
  const { world } = simulation
  const until = world.now + boundMs
  const steps = { left: boundSteps }
  for (let [lookAt, waitMs] = [0, 5_000]; !isHome(simulation); steps.left--) {
    if (world.now >= lookAt) {
      attend(simulation)
      lookAt = world.now + waitMs
      waitMs = Math.min(120_000, waitMs * 2)
    }
    const isInTime = world.now < until && steps.left > 0
    if (!isInTime) throw await stuck(simulation, step)
    await step()
  }
}

/** Starts what is not started, resumes what is held, and removes what blocks a line for good. */
function attend(simulation: Simulation): void {
  const { promises, contexts, oracle, profile } = simulation
  for (const owner of profile.owners) if (!hasWorker(simulation, owner)) simulation.open(owner, true)
  for (const context of contexts) {
    const { queue, owner } = context
    promises.follow(context, 'start', '', queue.start())
    promises.follow(context, 'resume', '', queue.resume())
    for (const job of oracle.model.jobs.values()) {
      if (job.owner !== owner || job.state !== 'dead' || !job.blocks) continue
      remove(simulation, context, job.id)
    }
  }
}

function isHome({ oracle, promises }: Simulation): boolean {
  const { jobs, outboxes } = oracle.model
  for (const { state } of jobs.values()) if (state === 'pending' || state === 'running') return false
  for (const { last, acked } of outboxes.values()) if (acked < last) return false
  return promises.waiting.length === 0
}

async function stuck(simulation: Simulation, step: () => Promise<void>): Promise<Error> {
  const { oracle, promises, contexts } = simulation
  const { jobs, outboxes } = oracle.model
  const open = [...jobs.values()].filter(({ state }) => state === 'pending' || state === 'running')
  const reasons = open.slice(0, 3).flatMap((job) =>
    contexts
      .filter(({ owner }) => owner === job.owner)
      .map(async ({ name, queue }) => {
        return `${name} says of ${job.id}: ${JSON.stringify(await queue.why(job.id))}`
      }),
  )
  const infos = contexts.map(async ({ name, queue }) => `${name}: ${JSON.stringify(await queue.info())}`)
  const asked = Promise.all([...reasons, ...infos])
  let said: readonly string[] = ['nobody answers why']
  asked.then(
    (answers) => {
      said = answers
    },
    (error: unknown) => {
      said = [String(error)]
    },
  )
  for (let left = 50; left > 0; left--) await step()
  const boxes = [...outboxes].map(([owner, { last, acked }]) => `"${owner}" ${acked} of ${last}`)
  const message = [
    `long after faults stopped, ${open.length} jobs are not finished: ${open.map(({ id }) => id).join()}`,
    `acknowledged are ${boxes.join()}; callers wait for: ${promises.waiting.join() || 'nothing'}`,
    ...said,
  ].join('\n')
  try {
    must(false, goesOn, () => message)
  } catch (error) {
    return error as Error
  }
}

/** Every job that a caller was told of has ended, and the server knows every finish, each once. */
export async function settleAccounts(simulation: Simulation, step: () => Promise<void>): Promise<void> {
  const { contexts, profile } = simulation
  const found = new Map<string, string>()
  for (const owner of profile.owners) {
    const context = contexts.find((each) => each.owner === owner)
    if (context !== undefined) await listAll(simulation, context, found, step)
  }
  checkAccepted(simulation, found)
  checkDeliveries(simulation)
}

async function listAll(
  { promises }: Simulation,
  context: Context,
  found: Map<string, string>,
  step: () => Promise<void>,
): Promise<void> {
  let isUpToDate = false
  context.replica.catchUp().then(
    () => {
      isUpToDate = true
    },
    () => undefined,
  )
  for (let left = 1_000; left > 0 && !isUpToDate; left--) await step()
  let after: string | undefined
  do {
    let isListed = false
    const filter = after === undefined ? { limit: 20 } : { limit: 20, after }
    promises.follow(context, 'list', '', context.queue.list(filter), {
      resolved: ({ jobs, next }) => {
        for (const { id, state } of jobs) found.set(id, state)
        after = next
        isListed = true
      },
    })
    for (let left = 1_000; left > 0 && !isListed; left--) await step()
  } while (after !== undefined)
}

function checkAccepted({ oracle, server }: Simulation, found: ReadonlyMap<string, string>): void {
  const { ledger } = oracle
  for (const { id } of ledger.accepted.values()) {
    const state = found.get(id)
    if (state === 'pending' || state === 'running') must(false, lost, () => `job ${id} is still ${state}`)
    if (state !== undefined || oracle.isGone(id)) continue
    const isDone = ledger.mayBeGone(id) || server.knows(id) || server.refused.has(id)
    must(
      isDone,
      lost,
      () => `job ${id} was taken in, and is nowhere: not listed, not removed, not acknowledged`,
    )
  }
}

function checkDeliveries({ oracle, server }: Simulation): void {
  const { finishes, forked, setAside } = oracle.model
  for (const [finish, owner] of finishes) {
    const times = server.deliveries.get(finish)?.length ?? 0
    const least = setAside.has(finish) ? 0 : 1
    const isRight = times >= least && (times <= 1 || forked.has(owner))
    must(isRight, gapless, () => `the server was told ${times} times that ${finish} is finished`)
  }
}

/** Closing leaves nothing behind: no promise, no timer, no lock. */
export async function closeAll(
  { contexts, survivors, promises }: Simulation,
  step: () => Promise<void>,
): Promise<void> {
  const closing = [...contexts]
  for (const context of closing) close(context, promises)
  for (let left = 5_000; left > 0 && closing.some(({ isClosed }) => !isClosed); left--) await step()
  for (const { name, isClosed } of closing) must(isClosed, goesOn, () => `${name} does not close`)
  for (let left = 300; left > 0 && survivors.some(({ clock }) => clock.timers > 0); left--) await step()
  for (const { name, clock } of survivors) {
    must(clock.timers === 0, goesOn, () => `${name} is closed, and ${clock.timers} timers still run`)
  }
}
