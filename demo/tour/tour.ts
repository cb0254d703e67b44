import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerState } from '../server/api.ts'
import type { Servers } from '../server/start.ts'
import type { Switches } from '../server/weather.ts'
import { type Check, checkAll } from './checks.ts'
import { makePhotos, openQueue, type TourPhoto, type TourQueue } from './queue.ts'
import { type Counting, countEvents, type Tally } from './tally.ts'

/** How many photos the tour uploads. */
export const total = 200

/** The one that the API always refuses. */
const refused = 120

/** The API goes down once so many are done, for so long. */
const downAt = 80
const downMs = 2_500

/** If it is not over by then, the checks say what is missing. */
const limitMs = 60_000

/** What came of a tour. */
export interface TourResult {
  readonly checks: readonly Check[]
  readonly tally: Readonly<Tally>
  readonly elapsedMs: number
}

/** Shows how far the tour is. */
export type Show = (tally: Readonly<Tally>, down: boolean) => void

/**
 * Uploads 200 photos from a queue in memory to the API, with every obstacle in between, then compares the server's
 * disk with what was enqueued. Rejects with the reason of `stop` when that aborts.
 */
export async function runTour(servers: Servers, show: Show, stop: AbortSignal): Promise<TourResult> {
  const { apiUrl, weather } = servers
  const principal = `tour-${randomUUID().slice(0, 8)}`
  const { switches, failedFirst } = weather
  const queue = openQueue(apiUrl, principal)
  const counting = countEvents(queue)
  const { tally } = counting
  const timer = setInterval(() => show(tally, weather.switches.down), 100)
  try {
    const photos = makePhotos(total, refused)
    await turn(apiUrl, { latencyMs: 160, failureRate: 0, failFirst: 1 / 3, down: false })
    const startedAt = performance.now()
    const ids = await play({ queue, counting, photos, apiUrl, principal, stop })
    const elapsedMs = performance.now() - startedAt
    show(tally, weather.switches.down)
    const jobs = photos.map(({ bytes }, index) => ({ id: ids[index] ?? '', bytes }))
    const failed = weather.failedFirst - failedFirst
    const checks = await checkAll({ queue, servers, principal, jobs, refused, failedFirst: failed, tally })
    return { checks, tally: { ...tally }, elapsedMs }
  } finally {
    clearInterval(timer)
    counting.stop()
    await queue.close()
    weather.set(switches)
  }
}

interface Play {
  readonly queue: TourQueue
  readonly counting: Counting
  readonly photos: readonly TourPhoto[]
  readonly apiUrl: string
  readonly principal: string
  readonly stop: AbortSignal
}

/** Returns the jobs' ids, also if it was not over in time. */
async function play({ queue, counting, photos, apiUrl, principal, stop }: Play): Promise<string[]> {
  const limit = AbortSignal.timeout(limitMs)
  const signal = AbortSignal.any([stop, limit])
  const enqueued = await queue.enqueueAll(photos.map(({ payload }) => ({ kind: 'upload', payload })))
  try {
    await queue.start()
    await counting.until(({ completed }) => completed >= downAt, signal)
    await turn(apiUrl, { down: true })
    await sleep(downMs, undefined, { signal })
    await turn(apiUrl, { down: false })
    await counting.until(({ completed, dead }) => completed + dead >= total, signal)
    await queue.flush({ signal })
    await counting.until(({ acked, rejected }) => acked + rejected >= total, signal)
    await followedUp(apiUrl, principal, total - 1, signal)
  } catch (error) {
    if (stop.aborted || !limit.aborted) throw error
  }
  return enqueued.map(({ id }) => id)
}

/** Waits until the Worker has told of so many photos. */
async function followedUp(
  apiUrl: string,
  principal: string,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const response = await fetch(`${apiUrl}/state?principal=${principal}`, { signal })
    // The tour and the API come from one folder, and share this type.
    const { followedUp } = (await response.json()) as ServerState
    if (followedUp.notified.length >= count) return
    await sleep(100, undefined, { signal })
  }
}

async function turn(apiUrl: string, switches: Partial<Switches>): Promise<void> {
  const response = await fetch(`${apiUrl}/switches`, { method: 'POST', body: JSON.stringify(switches) })
  if (!response.ok) throw new Error(`Cannot turn the API's switches: ${await response.text()}`)
}
