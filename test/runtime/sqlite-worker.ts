/** One of several processes on one SQLite file: works until it is told to stop, or killed. */
import { appendFileSync } from 'node:fs'
import { createQueue } from 'holdfast'
import { sqliteStore } from 'holdfast/sqlite'

const [path = '', effects = '', concurrency = '', leaseMs = ''] = process.argv.slice(2)
const queue = createQueue({
  name: 'work',
  store: sqliteStore({ path }),
  worker: { concurrency: Number(concurrency), leaseMs: Number(leaseMs) },
  handlers: {
    write: async ({ key, n }: { key: number; n: number }) => {
      await new Promise((resolve) => setTimeout(resolve, 40 + 20 * ((n * 7 + key) % 5)))
      // One write of a short line at the end of a file: whole, and in the order of the writes.
      appendFileSync(effects, `${process.pid} ${key} ${n} ${Date.now()}\n`)
    },
  },
})
queue.on('warning', ({ message, cause }) => console.error(message, cause))
process.on('message', async () => {
  await queue.close()
  process.disconnect()
})
// A test that failed leaves nobody behind.
process.on('disconnect', () => process.exit())
await queue.start()
process.send?.('started')
