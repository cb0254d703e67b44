import { createAlarm } from './alarm.ts'
import { systemClock } from '../../clock.ts'
import { createDrainer, type Drainer } from '../drainer.ts'
import { reportUncaught } from '../../report.ts'
import type { AlarmStorage, AttachOptions, DurableObjectContext, HostedQueue } from './types.ts'

/** All queues of one object, on its one alarm. */
export interface Hub {
  /** Returns what lets the queue go. */
  join(queue: HostedQueue, options: AttachOptions): () => void
  /** The alarm went off. */
  alarm(): Promise<void>
  wake(): Promise<void>
  arm(): Promise<void>
}

interface Member {
  readonly drainer: Drainer
  readonly options: AttachOptions
}

export const defaultDeadlineMs = 20_000
const againMs = 1_000

const hubs: WeakMap<AlarmStorage, Hub> = new WeakMap()

/** The hub of an object: one, however often something is attached to it. */
export function hubOf(ctx: DurableObjectContext, { clock = systemClock }: AttachOptions): Hub {
  const known = hubs.get(ctx.storage)
  if (known !== undefined) return known
  const hub = createHub(ctx, clock)
  hubs.set(ctx.storage, hub)
  return hub
}

function createHub(ctx: DurableObjectContext, clock: NonNullable<AttachOptions['clock']>): Hub {
  const members = new Set<Member>()
  const alarm = createAlarm(ctx.storage, clock.now)
  let deadlineAt = 0
  let wentOffAt = Number.NEGATIVE_INFINITY

  const deadlineMs = (): number =>
    Math.min(...[...members].map(({ options }) => options.deadlineMs ?? defaultDeadlineMs))

  /** For work that no alarm began. */
  const comingDeadline = (): number => {
    if (deadlineAt <= clock.now()) deadlineAt = clock.now() + deadlineMs()
    return deadlineAt
  }

  /** The earliest instant at which somebody wants the alarm. */
  const nextAt = (): number | undefined => {
    const instants: (number | undefined)[] = []
    for (const { drainer, options } of members) {
      const own = ownAt(options)
      // One that had its alarm and is still wanted must not become an alarm after the other.
      instants.push(own !== undefined && own <= wentOffAt ? wentOffAt + againMs : own)
      // Work that is lost with its object goes on by this alarm; so does work that outlasts the one that is at it.
      if (drainer.isRunning) instants.push(deadlineAt)
      else if (drainer.isBusy) instants.push(drainer.dueAt, comingDeadline())
      // The alarm that is set may be this queue's: it must not be put off before its log was read.
      else instants.push(drainer.isKnown ? drainer.dueAt : clock.now())
    }
    const known = instants.filter((at) => at !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }
  const arm = async (): Promise<void> => {
    const armed = alarm.set(nextAt())
    for (const { drainer } of members) if (!drainer.isKnown && !drainer.isRunning) learn(drainer)
    await armed
  }
  const learn = (drainer: Drainer): void => ctx.waitUntil(drainer.learn())

  const run = async (isWanted: (drainer: Drainer) => boolean): Promise<void> => {
    if (members.size === 0) return
    deadlineAt = clock.now() + deadlineMs()
    for (const { drainer } of members) if (isWanted(drainer)) ctx.waitUntil(drainer.run())
    const armed = Promise.allSettled([arm()])
    const work = [...members].flatMap(({ drainer }) => (drainer.isRunning ? drainer.run() : []))
    await withinTime(Promise.all(work), deadlineAt - clock.now(), clock)
    await armed
    await arm()
  }
  const isDue = ({ isKnown, isBusy, dueAt = Number.POSITIVE_INFINITY }: Drainer): boolean =>
    !isKnown || isBusy || dueAt <= clock.now()

  return {
    join(queue, options) {
      const report = options.onError ?? reportUncaught
      const changed = (): void => ctx.waitUntil(arm().catch(report))
      const member = { drainer: createDrainer({ queue, now: clock.now, changed, report }), options }
      members.add(member)
      // Told already, before it was a member.
      if (member.drainer.isKnown) changed()
      return () => {
        member.drainer.end()
        members.delete(member)
      }
    },
    alarm() {
      alarm.forget()
      wentOffAt = clock.now()
      return run(isDue)
    },
    wake: () => run(() => true),
    arm,
  }
}

/** When the application wants the alarm. What goes wrong there must not keep the queues from having theirs. */
function ownAt({ alarmAt, onError = reportUncaught }: AttachOptions): number | undefined {
  try {
    const at = alarmAt?.()
    return Number.isFinite(at) ? at : undefined
  } catch (error) {
    onError(error)
    return undefined
  }
}

/** Waits for the work, but no longer than its time. */
async function withinTime(
  work: Promise<unknown>,
  ms: number,
  clock: NonNullable<AttachOptions['clock']>,
): Promise<void> {
  let cancel: () => void = () => undefined
  const over = new Promise<void>((resolve) => {
    cancel = clock.setTimer(resolve, ms)
  })
  await Promise.race([work, over])
  cancel()
}
