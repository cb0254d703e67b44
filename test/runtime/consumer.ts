/** A user's program: compiled against the installed package's types, then run by Node as it is. */
import { createQueue, FatalError, isQueueError, memoryStore } from 'holdfast'
import { assertOk } from 'holdfast/http'
import { createReceiver, memoryAcks } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'

const acked: string[] = []
const receive = createReceiver({
  store: memoryAcks(),
  authenticate: () => 'me',
  onAck: (ack) => acked.push(`${ack.sequence} ${ack.type}`),
})
const queue = createQueue({
  name: 'greetings',
  store: memoryStore(),
  sync: { url: 'http://localhost/acks', fetch: (url, init) => receive(new Request(url, init)) },
  handlers: {
    greet: async (name: string) => {
      if (name === '') throw new FatalError('Cannot greet: there is no name')
      const response = await assertOk(new Response(`Hello, ${name}`))
      return { text: await response.text() }
    },
  },
})

const { id } = await queue.enqueue('greet', 'Ada')
const nameless = await queue.enqueue('greet', '')
// @ts-expect-error the payload is text: types that came to nothing would let this pass
const wrong: Parameters<typeof queue.enqueue<'greet'>>[1] = 1
await queue.start()
const { text } = await queue.result<'greet'>(id)
const code = await queue.result(nameless.id).catch((error: unknown) => isQueueError(error) && error.code)
await queue.flush()
await queue.close()

console.log(JSON.stringify({ text, code, acked, wrong, sqlite: typeof sqliteAcks }))
