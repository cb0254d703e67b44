import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Tab, until } from '../engine.ts'
import { type Bench, type Cases, statesOf, storeOf } from './bench.ts'

/** What is not there, refuses, or is not as it was written. */
export const damageCases: Cases = {
  'an entry that is damaged on the disk stops whoever has to read it, who can erase it; the others go on': (
    bench,
  ) =>
    meetDamage(bench, 2, async (page) => {
      await page.evaluate(async () => {
        for (const job of [1, 2, 3]) await lab.queue.enqueue('echo', job)
        await lab.damage('log', (log) => log.put({ id: 'a:2', key: 2, body: '{"v":1,"at":' }, 2))
      })
    }),

  'a page of the checkpoint that is damaged on the disk stops whoever has to read it, who can erase it; the others go on':
    (bench) =>
      meetDamage(bench, 1_200, async (page) => {
        await page.evaluate(async () => {
          const { queue } = lab
          for (const _ of [1, 2, 3]) {
            await queue.enqueueAll(Array.from({ length: 400 }, (_, job) => ({ kind: 'echo', payload: job })))
          }
          // It is written in the background.
          while (!(await lab.damage('pages', (pages) => pages.getAllKeys())).includes('jobs/1')) {
            await new Promise((resolve) => setTimeout(resolve, 10))
          }
          await lab.damage('pages', (pages) => pages.put({ id: 'jobs/1', body: '{"v":1,"rows":[["x"' }))
        })
      }),

  'a payload that is gone from the disk ends its job alone, as a dead letter that can be mended': async ({
    open,
  }) => {
    const page = await open()
    const seen = await page.evaluate(async () => {
      const { queue } = lab
      const file = new File([new Uint8Array(5_000)], 'photo.jpg')
      const lost = await queue.enqueue('inspect', { file })
      const fine = await queue.enqueue('inspect', { file })
      await lab.damage('payloads', (payloads) => payloads.delete(lost.id))
      await queue.start()
      await queue.result<'inspect'>(fine.id)
      const code = await queue.result(lost.id).then(
        () => 'completed',
        (error: unknown) => (lab.holdfast.isQueueError(error) ? error.code : String(error)),
      )
      const dead = await queue.get(lost.id)
      await queue.edit(lost.id, { file })
      await queue.redrive(lost.id)
      const mended = await queue.result<'inspect'>(lost.id)
      return {
        code,
        reason: dead?.reason,
        errors: dead?.failures.length,
        mended: mended as { size?: number },
      }
    })
    deepEqual(
      [seen.code, seen.reason, seen.errors, seen.mended.size],
      ['job-dead', 'payload-invalid', 1, 5_000],
    )
    deepEqual(await storeOf(page), [{ state: 'opened' }])
  },

  'where IndexedDB is absent, or refuses, calls say how to ask for memory, which then works': async ({
    open,
    name,
  }) => {
    const page = await open()
    const seen = await page.evaluate(async (queue) => {
      const hide = (get: () => unknown): void =>
        void Object.defineProperty(globalThis, 'indexedDB', { configurable: true, get })
      const refuse = (message: string) => (): never => {
        throw new DOMException(message, 'SecurityError')
      }
      const present = indexedDB
      const refusals = [
        () => hide(() => undefined),
        () => hide(refuse('Access is denied for this document')),
        () => {
          hide(() => present)
          IDBFactory.prototype.open = refuse('The operation is insecure')
        },
      ]
      const told: string[][] = []
      for (const begin of refusals) {
        begin()
        const refused = lab.open(queue)
        const calls = [refused.enqueue('echo', 1), refused.info(), refused.start()]
        for (const each of await Promise.allSettled(calls)) {
          const error: unknown = each.status === 'rejected' && each.reason
          if (!lab.holdfast.isQueueError(error)) throw new Error(`it was ${each.status}`)
          told.push([
            error.code,
            /memoryStore\(\).*fallback: 'memory'/.exec(error.message) ? 'how' : error.message,
          ])
        }
        await refused.close()
        const other = lab.open(queue, { fallback: 'memory' })
        await other.start()
        const { id, durable } = await other.enqueue('echo', 'in memory')
        const result = await other.result<'echo'>(id)
        told.push([String(result), `${durable} ${(await other.info()).store.durable}`])
        await other.close()
      }
      return told
    }, name)
    const refused = ['store-unavailable', 'how']
    const each = [refused, refused, refused, ['in memory', 'false false']]
    deepEqual(seen, [...each, ...each, ...each])
  },

  'where Blobs cannot be stored their bytes are, and jobs get them as Blobs, in other pages, too': async ({
    open,
  }) => {
    const [page, other] = [await open(), await open()]
    const id = await page.evaluate(async () => {
      const { put } = IDBObjectStore.prototype
      IDBObjectStore.prototype.put = function (value, key) {
        const fields = typeof value === 'object' && value !== null ? Object.values(value) : []
        if (fields.some((field) => field instanceof Blob))
          throw new DOMException('Error preparing Blob/File data to be stored', 'DataCloneError')
        return put.call(this, value, key)
      }
      const file = new File([new Uint8Array(5_000)], 'photo.jpg', { type: 'image/jpeg', lastModified: 5 })
      return (await lab.queue.enqueue('inspect', { file })).id
    })
    const seen = await other.evaluate(async (job) => {
      await lab.queue.start()
      const { name, type, size, lastModified } = Object(await lab.queue.result<'inspect'>(job))
      return { name, type, size, lastModified }
    }, id)
    deepEqual(seen, { name: 'photo.jpg', type: 'image/jpeg', size: 5_000, lastModified: 5 })
    deepEqual(await storeOf(page), [{ state: 'opened' }])
  },
}

/** The first page damages a queue that holds `count` jobs, or as many and one more, and a second one is opened. */
async function meetDamage(
  { open, name }: Bench,
  count: number,
  damage: (page: Tab) => Promise<void>,
): Promise<void> {
  const first = await open()
  await damage(first)
  const reader = await open()
  const seen = await reader.evaluate(async () => {
    const { queue } = lab
    const before = lab.transactions.length
    const calls = [
      queue.info,
      queue.start,
      queue.list,
      () => queue.enqueue('echo', 1),
      queue.drain,
      queue.start,
    ]
    const codes: string[] = []
    for (const call of calls) {
      codes.push(
        await call().then(
          () => 'fulfilled',
          (error: unknown) => (lab.holdfast.isQueueError(error) ? error.code : String(error)),
        ),
      )
    }
    return { codes: [...new Set(codes)], reads: lab.transactions.slice(before) }
  })
  deepEqual(seen.codes, ['store-corrupt'])
  // It looks once, and writes nothing: it does not fail again and again.
  equal(seen.reads.filter((each) => each.includes('log')).length, 1)
  ok(seen.reads.every((each) => each.startsWith('readonly')))
  deepEqual(await storeOf(reader), [{ state: 'down', code: 'store-corrupt' }])

  // Whoever read it before it was damaged has everything, and can give it away.
  const kept = await first.evaluate(async () => {
    const { outcome } = await lab.queue.enqueue('echo', 'one more')
    const { counts } = await lab.queue.info()
    return { outcome, pending: counts.pending }
  })
  equal(kept.outcome, 'created')
  ok(kept.pending > count)

  const anew = await reader.evaluate(async (queue) => {
    await lab.queue.destroy({ force: true })
    const { outcome } = await lab.open(queue).enqueue('echo', 'anew')
    return [outcome, (await lab.queue.list()).jobs.length]
  }, name)
  deepEqual(anew, ['created', 1])
  await until(async () => {
    const { counts } = await first.evaluate(() => lab.queue.info())
    return counts.pending === 1 ? true : undefined
  }, 'the first page to go on with what there is')
  deepEqual(statesOf(await storeOf(first)), ['opened', 'replaced'])
}
