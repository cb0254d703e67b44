import { ask, type Scene, setScene } from './scene.ts'
import { until } from './until.ts'

/** How soon a job ran again whose tab had crashed (milliseconds): the middle of all, and the longest. */
export interface Reclaims {
  readonly each: readonly number[]
  readonly medianMs: number
  readonly maxMs: number
}

/**
 * Has one tab after the other crash in mid-job, while another with a free slot is open. From just before the order to crash, by the
 * clock of this process, until the job's next request reaches the server, which is in this process, too. Nothing but the freed lock
 * tells that the holder is gone: its silence would count after minutes.
 *
 * @throws Error when a job is not run again, by the other tab and under the next epoch.
 */
export async function measureReclaims(count: number): Promise<Reclaims> {
  const scene = await setScene(1)
  try {
    const each: number[] = []
    let holder = await scene.open('alone')
    for (let round = 0; round < count; round++) {
      const heard = scene.server.uploads.length
      const answering = Promise.withResolvers<void>()
      scene.server.answering = answering.promise
      // In front, so that whoever enqueues also claims.
      await holder.send('Page.bringToFront')
      await ask(holder, 'add()')
      await until('the job runs', () => scene.server.uploads.length > heard)
      const heir = await scene.open('alone')
      each.push(await crash(scene, holder, heir))
      answering.resolve()
      // A tab that crashed while it sent keeps the outbox for a minute.
      await until('the job has ended', () => scene.server.acks.length > round, 120_000)
      await scene.browser.close(holder)
      holder = heir
    }
    const sorted = each.toSorted((one, other) => one - other)
    const middle = sorted.slice(Math.floor((count - 1) / 2), Math.floor(count / 2) + 1)
    return {
      each,
      medianMs: middle.reduce((sum, ms) => sum + ms, 0) / middle.length,
      maxMs: Math.max(...each),
    }
  } finally {
    await scene.close()
  }
}

async function crash(
  scene: Scene,
  holder: Scene['tabs'][number],
  heir: Scene['tabs'][number],
): Promise<number> {
  const { uploads } = scene.server
  const before = uploads.at(-1)
  const heard = uploads.length
  const orderedAt = Date.now()
  // Never answered: whoever would answer is gone.
  holder.send('Page.crash').catch(() => undefined)
  const again = await until('the job runs again', () => uploads[heard])
  const isReclaimed = again.job === before?.job && again.epoch === before.epoch + 1
  if (!isReclaimed || again.context !== scene.contextOf(heir)) {
    throw new Error(`it was not run again by the other tab: ${JSON.stringify(again)}`)
  }
  return again.receivedAt - orderedAt
}
