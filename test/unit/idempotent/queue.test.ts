/** A queue's job that posts to an endpoint, while answers are lost: the effect happens once. */
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { buffer } from 'node:stream/consumers'
import { createQueue, memoryStore } from 'holdfast'
import { assertOk } from 'holdfast/http'
import { idempotent } from 'holdfast/idempotent'
import { sqliteResponses } from 'holdfast/idempotent/sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { requestOf } from '../../tools/request.ts'

/** Answers `/photos`, but drops the connection after the first `lost` times that it has done its work. */
async function serve(answer: (request: Request) => Promise<Response>, lost: number) {
  let requests = 0
  const server = createServer(async (incoming, outgoing) => {
    const response = await answer(requestOf(incoming, await buffer(incoming)))
    requests += 1
    if (requests <= lost) outgoing.destroy()
    else outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.bytes())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}/photos`, requests: () => requests }
}

test('a job whose answers are lost is done once, and completes with the first answer', async () => {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec('CREATE TABLE photos (id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL)')
  const insert = database.prepare('INSERT INTO photos (bytes) VALUES (?)')
  const answer = idempotent(
    (request) => {
      const { lastInsertRowid } = insert.run(request.bytes.length)
      return { status: 201, json: { id: Number(lastInsertRowid) } }
    },
    { store: sqliteResponses(database) },
  )
  const { url, requests } = await serve(answer, 3)

  const queue = createQueue({
    name: 'photos',
    store: memoryStore(),
    random: () => 0.01,
    handlers: {
      upload: async (file: Blob, job) => {
        // A form made anew for each attempt has another boundary each time.
        const body = new FormData()
        body.append('file', file, 'cat.jpg')
        const headers = { 'Idempotency-Key': job.idempotencyKey }
        const response = await assertOk(fetch(url, { method: 'POST', body, headers, signal: job.signal }))
        const replayed = response.headers.get('idempotency-replayed')
        return { ...(await response.json()), replayed }
      },
    },
  })
  onTestFinished(() => queue.close())
  const jobs = [
    await queue.enqueue('upload', new Blob(['meow'])),
    await queue.enqueue('upload', new Blob(['purr'])),
  ]
  await queue.start()
  const results = await Promise.all(jobs.map(({ id }) => queue.result(id)))
  expect(requests()).toBeGreaterThan(4)
  expect(results.map((result) => result?.id).sort()).toEqual([1, 2])
  expect(results.some((result) => result?.replayed === 'true')).toBe(true)
  expect(database.prepare('SELECT count(*) AS n FROM photos').get()?.n).toBe(2)
})
