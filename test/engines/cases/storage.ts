import { deepEqual, equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Cases } from './bench.ts'

const megabytes = 50
const lastModified = 1_000_000_000_000

/** What outlives pages and browsers. */
export const storageCases: Cases = {
  'values that JSON cannot carry reach another page, and outlive a reload': async ({ open }) => {
    const [page, other] = [await open(), await open()]
    const id = await page.evaluate(async () => {
      const file = new File(['in a map'], 'näme.txt', { type: 'text/plain', lastModified: 5 })
      const payload = {
        map: new Map<string, unknown>([['file', file]]),
        set: new Set(['a', 1]),
        date: new Date(86_400_000),
        big: 2n ** 70n,
        floats: new Float64Array([0.1, Number.NaN]),
        pattern: /x/gi,
        missing: undefined,
        error: new RangeError('kept'),
      }
      return (await lab.queue.enqueue('echo', payload as never)).id
    })
    const look = async (job: string): Promise<unknown> => {
      const back = (await lab.queue.payload(job)) as Record<string, never>
      const { map, set, date, big, floats, pattern, error } = back as Record<string, unknown>
      const file: unknown = map instanceof Map && map.get('file')
      if (!(file instanceof File && set instanceof Set && date instanceof Date)) return back
      return {
        file: [file.name, file.type, file.lastModified, await file.text()],
        set: [...set],
        date: date.getTime(),
        big: String(big),
        floats: floats instanceof Float64Array && [...floats].map(String),
        pattern: String(pattern),
        missing: 'missing' in back,
        error: String(error),
      }
    }
    const expected = {
      file: ['näme.txt', 'text/plain', 5, 'in a map'],
      set: ['a', 1],
      date: 86_400_000,
      big: String(2n ** 70n),
      floats: ['0.1', 'NaN'],
      pattern: '/x/gi',
      missing: true,
      error: 'RangeError: kept',
    }
    deepEqual(await other.evaluate(look, id), expected)
    await page.reload()
    await page.evaluate((name) => void lab.open(name), await other.evaluate(() => lab.queue.name))
    deepEqual(await page.evaluate(look, id), expected)
  },

  'small JSON payloads come back as they were given': async ({ open }) => {
    const [page, other] = [await open(), await open()]
    const payload = { text: 'ünïcödé 👍 \u2028', list: [1, null, true, 1e300], deep: { empty: {} } }
    const id = await page.evaluate(async (given) => (await lab.queue.enqueue('echo', given)).id, payload)
    deepEqual(await other.evaluate((job) => lab.queue.payload(job), id), payload)
  },

  'a file of 50 MB is the same, byte for byte, after the browser was killed, and its job runs': async ({
    open,
    restart,
  }) => {
    const page = await open()
    const id = await page.evaluate(
      async ({ size, time }) => {
        const chunk = new Uint8Array(2 ** 20)
        for (let at = 0; at < chunk.length; at += 1) chunk[at] = (at * 31 + (at >> 8)) & 255
        const chunks = Array.from({ length: size }, () => chunk)
        const file = new File(chunks, 'film.mp4', { type: 'video/mp4', lastModified: time })
        return (await lab.queue.enqueue('inspect', { file })).id
      },
      { size: megabytes, time: lastModified },
    )
    await restart()
    const again = await open()
    const seen = await again.evaluate(async (job) => {
      await lab.queue.start()
      return lab.queue.result<'inspect'>(job)
    }, id)
    deepEqual(seen, {
      name: 'film.mp4',
      type: 'video/mp4',
      size: megabytes * 2 ** 20,
      lastModified,
      digest: digestOfFilm(),
    })
  },

  'whatever enqueue resolved for is there after the browser was killed': async ({ open, restart }) => {
    const page = await open()
    const ids = await page.evaluate(async () => {
      const taken: string[] = []
      for (let job = 0; job < 20; job += 1) taken.push((await lab.queue.enqueue('echo', job)).id)
      const large = new Blob([new Uint8Array(100_000)])
      taken.push((await lab.queue.enqueue('echo', { large } as never)).id)
      return taken
    })
    await restart()
    const again = await open()
    const { jobs } = await again.evaluate(() => lab.queue.list())
    deepEqual(
      jobs.map((job) => job.id),
      ids,
    )
    const size = await again.evaluate(async (job) => {
      const { large } = (await lab.queue.payload(job)) as { readonly large: Blob }
      return (await large.arrayBuffer()).byteLength
    }, ids.at(-1) ?? '')
    equal(size, 100_000)
  },

  'a newer build that upgrades the database is not kept waiting, and the older page says version-ahead':
    async ({ open }) => {
      const [older, newer] = [await open(), await open()]
      await older.evaluate(() => lab.queue.info())
      const upgraded = await newer.evaluate(
        () =>
          new Promise<string>((resolve, reject) => {
            const request = indexedDB.open(`holdfast:${lab.queue.name}`, 99)
            request.onblocked = () => resolve('blocked')
            request.onerror = () => reject(request.error)
            request.onsuccess = () => {
              request.result.close()
              resolve('upgraded')
            }
          }),
      )
      equal(upgraded, 'upgraded')
      const code = await older.evaluate(() =>
        lab.queue.enqueue('echo', 1).then(
          () => 'taken',
          (error: unknown) => (lab.holdfast.isQueueError(error) ? error.code : String(error)),
        ),
      )
      equal(code, 'version-ahead')
    },

  'the room there is, is told where the engine tells it': async ({ open }) => {
    const page = await open()
    const { told, store } = await page.evaluate(async () => {
      await lab.queue.enqueue('echo', 1)
      const told = typeof navigator.storage?.estimate === 'function'
      return { told, store: (await lab.queue.info()).store }
    })
    const expected = told ? ['number', 'number'] : ['undefined', 'undefined']
    deepEqual([typeof store.usage, typeof store.quota], expected)
    if (told) ok(Number(store.quota) > Number(store.usage))
  },
}

function digestOfFilm(): string {
  const chunk = Buffer.from(Uint8Array.from({ length: 2 ** 20 }, (_, at) => (at * 31 + (at >> 8)) & 255))
  const hash = createHash('sha256')
  for (let count = 0; count < megabytes; count += 1) hash.update(chunk)
  return hash.digest('hex')
}
