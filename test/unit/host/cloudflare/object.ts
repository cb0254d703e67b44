/** A Durable Object without its runtime: an alarm that outlives its instances, and is tried again as the platform does. */
import type { Clock } from '../../../../src/index.ts'
import type { AlarmInfo, DurableObjectContext } from '../../../../src/host/cloudflare/index.ts'
import { type ManualClock, manualClock } from '../../../../src/testing/manual-clock.ts'
import { turns } from '../../queue/bench.ts'

/** One life of an object in memory. */
export interface Instance {
  readonly ctx: DurableObjectContext
  /** Its timers do not outlive it. */
  readonly clock: Clock
}

interface Alarmed {
  alarm(info: AlarmInfo): Promise<void>
}

export interface FakeObject {
  readonly clock: ManualClock
  /** When the alarm is set for. */
  readonly alarmAt: number | null
  /** What the alarm was set for, oldest first; `null` where it was taken back. */
  readonly writes: readonly (number | null)[]
  /** How often it went off; and how often the handler rejected. */
  readonly fired: number
  readonly rejected: number
  /** Timers that this instance holds. */
  readonly timers: number
  /** What was handed to `waitUntil` and is not settled. */
  readonly waits: number
  /** Makes the object anew, with nothing but its storage; `make` is its constructor. */
  revive<T extends Alarmed>(make: (instance: Instance) => T): T
  /** What the storage answers to a write of the alarm. */
  failing: Error | undefined
  /** Lets time pass, a second at the most at once, and everything happen that it brings about. */
  pass(ms: number): Promise<void>
}

const retryMs = 2_000
const maxRetries = 6

export function fakeObject(): FakeObject {
  const clock = manualClock()
  let alarmAt: number | null = null
  let cancelAlarm: () => void = () => undefined
  let instance: Alarmed | undefined
  const writes: (number | null)[] = []
  const counts = { fired: 0, rejected: 0 }
  let timers = new Set<() => void>()
  let waits = new Set<Promise<unknown>>()

  const write = (at: number | null): void => {
    writes.push(at)
    if (fake.failing) throw fake.failing
    cancelAlarm()
    alarmAt = at
    if (at !== null) cancelAlarm = clock.setTimer(() => fire(0), Math.max(0, at - clock.now()))
  }
  const fire = (retryCount: number): void => {
    const object = instance
    alarmAt = null
    if (object === undefined) return
    counts.fired++
    object.alarm({ retryCount, isRetry: retryCount > 0 }).catch(() => {
      counts.rejected++
      // Another one that was set meanwhile stands for it.
      if (alarmAt !== null || retryCount === maxRetries) return
      const waitMs = retryMs * 2 ** retryCount
      alarmAt = clock.now() + waitMs
      cancelAlarm = clock.setTimer(() => fire(retryCount + 1), waitMs)
    })
  }
  const fake: FakeObject = {
    clock,
    failing: undefined,
    get alarmAt() {
      return alarmAt
    },
    get writes() {
      return writes
    },
    get fired() {
      return counts.fired
    },
    get rejected() {
      return counts.rejected
    },
    get timers() {
      return timers.size
    },
    get waits() {
      return waits.size
    },
    revive(make) {
      for (const cancel of timers) cancel()
      timers = new Set()
      waits = new Set()
      const mine = waits
      const storage = {
        async setAlarm(at: number) {
          write(at)
        },
        async deleteAlarm() {
          write(null)
        },
      }
      const waitUntil = (promise: Promise<unknown>): void => {
        mine.add(promise)
        const settled = (): void => void mine.delete(promise)
        promise.then(settled, settled)
      }
      const made = make({ ctx: { storage, waitUntil }, clock: mortal(clock, timers) })
      instance = made
      return made
    },
    async pass(ms) {
      await turns()
      for (let left = ms; left > 0; left -= 1_000) {
        clock.advance(Math.min(left, 1_000))
        await turns()
      }
    },
  }
  return fake
}

/** A clock whose timers are known, so that they can end with whoever set them. */
function mortal(clock: Clock, timers: Set<() => void>): Clock {
  return {
    now: clock.now,
    monotonic: clock.monotonic,
    setTimer(callback, ms) {
      const cancel = clock.setTimer(() => {
        timers.delete(cancel)
        callback()
      }, ms)
      timers.add(cancel)
      return () => {
        timers.delete(cancel)
        cancel()
      }
    },
  }
}
