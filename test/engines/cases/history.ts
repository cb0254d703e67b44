import { deepEqual, equal } from 'node:assert/strict'
import { type Tab, until } from '../engine.ts'
import { type Cases, comeBack, counted, goElsewhere, toldOf } from './bench.ts'

/** Pages that go away, and come back by the back button. */
export const historyCases: Cases = {
  'a page that goes to another one gives its job back, and works on when it comes back, be it kept or loaded anew':
    async ({ open, engine, name }) => {
      const [page, heir] = [await open(), await open()]
      const id = await page.evaluate(async () => {
        addEventListener('pagehide', () => void lab.queue.leave())
        addEventListener('pageshow', ({ persisted }) => {
          if (persisted) lab.kept.set('restarted', lab.queue.start())
        })
        await lab.queue.start()
        return (await lab.queue.enqueue('hold', 'job')).id
      })
      await heir.evaluate(() => lab.queue.start())
      await goElsewhere(page)
      deepEqual(await toldOf(heir, 'reclaimed'), [{ id, kind: 'hold', cause: 'bye' }])
      // Firefox keeps no page that held a lock when it went, and a worker's presence is one: there its successor works on.
      equal(await comeBack(page), engine !== 'firefox')
      const result = await page.evaluate(async (queue) => {
        await (lab.kept.get('restarted') ?? lab.open(queue).start())
        const { id: next } = await lab.queue.enqueue('echo', 'back')
        return lab.queue.result<'echo'>(next)
      }, name)
      equal(result, 'back')
      const job = await heir.evaluate((given) => lab.queue.get(given), id)
      deepEqual([job?.crashes, job?.releases], [0, 1])
    },

  'the next page of a site takes up what the last one ran, and charges no crash': async ({ open, name }) => {
    const page = await open()
    const id = await page.evaluate(async () => {
      addEventListener('pagehide', () => void lab.queue.leave())
      await lab.queue.start()
      return (await lab.queue.enqueue('hold', 'job')).id
    })
    for (const visit of [1, 2, 3]) {
      await counted(page, 'running', 1)
      await page.reload()
      await page.evaluate(async (queue) => {
        const opened = lab.open(queue)
        addEventListener('pagehide', () => void opened.leave())
        await opened.start()
      }, name)
      await toldOf(page, 'reclaimed')
      const job = await page.evaluate((given) => lab.queue.get(given), id)
      deepEqual([job?.crashes, job?.releases], [0, visit])
    }
  },

  'what is enqueued as a page goes away is kept; WebKit drops even a plain put then': async ({
    open,
    engine,
    name,
  }) => {
    const page = await open()
    for (const kept of [0, 1, 2, 3, 4, 5]) {
      const pending = await page.evaluate(async (queue) => {
        const opened = lab.open(queue)
        addEventListener('pagehide', () => void opened.enqueue('echo', 'last'))
        return (await opened.info()).counts.pending
      }, name)
      equal(pending, engine === 'webkit' ? 0 : kept)
      await page.reload()
    }
  },

  'a page that only watches is kept while another works, and sees at once what it missed': async ({
    open,
  }) => {
    const [page, worker] = [await open(), await open()]
    await page.evaluate(async () => {
      lab.kept.set('view', lab.queue.view())
      await lab.queue.info()
    })
    await goElsewhere(page)
    await worker.evaluate(async () => {
      await lab.queue.start()
      for (const job of [1, 2, 3]) {
        const { id } = await lab.queue.enqueue('echo', job)
        await lab.queue.result(id)
      }
    })
    equal(await comeBack(page), true)
    await until(async () => {
      const told = await page.evaluate(() => lab.told.filter((each) => each.name === 'completed').length)
      return told === 3 ? true : undefined
    }, 'it to be told of three jobs')
  },

  'a page that goes away in the midst of its commits holds nobody up': async ({ open }) => {
    const other = await open()
    // With luck it goes between two of them, and there is nothing to see.
    for (let round = 1; round <= 5; round++) {
      const page = await open()
      await page.evaluate(() => {
        const go = async (): Promise<never> => {
          for (;;) await lab.queue.enqueue('hold', 'again')
        }
        void go()
      })
      const pending = async (): Promise<number> =>
        (await other.evaluate(() => lab.queue.info())).counts.pending
      const before = await pending()
      await until(
        async () => ((await pending()) > before + 10 ? true : undefined),
        'it to be in the midst of it',
      )
      await goElsewhere(page)
      equal(await outcomeOfEnqueue(other), 'created')
      // A browser keeps few connections to one site, and each page has one.
      await page.close()
    }
  },
}

/**
 * Far more than it takes: a quarter of a second, at the most, in each engine. Without what the store does when its page goes
 * away, WebKit waits for ever, within two pages or three; Chromium and Firefox end the transaction of such a page themselves.
 */
const unhinderedMs = 20_000

/** Takes a job in, which has to be over before any engine of its own accord ends a transaction that is in the way. */
async function outcomeOfEnqueue(page: Tab): Promise<string> {
  await page.evaluate(() => {
    lab.kept.delete('outcome')
    const taken = lab.queue.enqueue('echo', 'mine')
    const told = taken.then(({ outcome }) => lab.kept.set('outcome', outcome))
    told.catch((error: unknown) => lab.kept.set('outcome', String(error)))
  })
  const look = async (): Promise<string | undefined> =>
    page.evaluate(() => lab.kept.get('outcome') as string | undefined)
  return until(look, 'a page to be held up by none that went away', unhinderedMs)
}
