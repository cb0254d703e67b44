import type { StoreFactory } from '../../store/contract.ts'
import { type Platform, platformKey } from '../../queue/platform.ts'
import { createQueue } from '../../queue/queue.ts'
import type { Replica } from '../../replica/types.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { handlerOf, isDoneOf, type Stage } from './handlers.ts'
import { type KindName, kindNames, type SimulatedQueue, tasks } from './kinds.ts'
import type { Profile } from './profile.ts'
import type { Mortal } from './world.ts'

/** One context that has the queue open: a tab, a worker, a process. */
export interface Context extends Mortal {
  readonly owner: string
  readonly queue: SimulatedQueue
  readonly replica: Replica
  readonly stage: { current: Stage | undefined }
  isClosed: boolean
  isHidden: boolean
  /** Whether it has handlers for every kind. */
  readonly isAble: boolean
}

/** What a context is opened with. */
export interface Opening {
  readonly name: string
  readonly owner: string
  readonly profile: Profile
  readonly isAble: boolean
  readonly startsAt: number
  readonly rate: number
  readonly random: () => number
  readonly mint: () => string
  readonly store: (whom: Mortal) => ReturnType<StoreFactory>
  readonly locks: (whom: Mortal) => Platform['locks']
  readonly fetch: (whom: Mortal) => (url: string, init: RequestInit) => Promise<Response>
  readonly stage: (context: Context) => Stage
}

/** Opens the shipped queue over what the simulation brings: clock, chance, store, locks and network. */
export function openContext(opening: Opening): Context {
  const { name, owner, isAble, startsAt, rate, stage } = opening
  const clock = manualClock({ now: startsAt, monotonic: Math.floor(opening.random() * 100_000) })
  const body: Body = { name, clock, rate, isDead: false, frozenUntil: 0, sleeps: false, isHidden: false }
  const box: { current: Stage | undefined } = { current: undefined }
  const { queue, replica } = queueOf(opening, body, clock, box)
  const context: Context = Object.assign(body, {
    ...{ owner, queue, replica, isAble, stage: box, isClosed: false },
  })
  box.current = stage(context)
  return context
}

interface Body extends Mortal {
  isHidden: boolean
}

function queueOf(
  { owner, profile, isAble, random, mint, store, locks, fetch }: Opening,
  body: Body,
  clock: ManualClock,
  stage: { current: Stage | undefined },
): { readonly queue: SimulatedQueue; readonly replica: Replica } {
  let seen: Replica | undefined
  const kinds = isAble ? kindNames : kindNames.slice(0, 2)
  const {
    concurrency,
    leaseMs,
    maxCrashes,
    interruptible,
    maxPending,
    overflow,
    maxRunning,
    checkpointEvents,
  } = profile
  const queue: SimulatedQueue = createQueue({
    name: 'simulated',
    owner,
    tasks,
    handlers: Object.fromEntries(kinds.map((kind) => [kind, handlerFor(stage, kind)])),
    clock,
    random,
    store: () => store(body),
    sync: {
      url: 'https://server.example/acks',
      headers: () => ({ authorization: owner === '' ? 'nobody' : owner }),
      fetch: fetch(body),
      lingerMs: profile.lingerMs,
    },
    worker: { concurrency, leaseMs, maxCrashes, interruptible },
    limits: { maxPending, overflow, maxRunning },
    retention: { finishedCount: profile.finishedCount },
    [platformKey]: {
      locks: locks(body),
      mint,
      isHidden: () => body.isHidden,
      checkpointEvents,
      observe: (replica) => {
        seen = replica
      },
    },
  })
  if (seen === undefined) throw new Error('The queue has no replica')
  return { queue, replica: seen }
}

function handlerFor(stage: { current: Stage | undefined }, kind: KindName) {
  const run = handlerOf(stage, kind)
  return kind === 'call' ? { run, isDone: isDoneOf(stage) } : run
}
