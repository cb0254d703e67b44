/** A server process of its own: receives batches into the database it is given, or dies in the middle of one. */
import { DatabaseSync } from 'node:sqlite'
import { createReceiver } from '../../../src/receiver/index.ts'
import { sqliteAcks } from '../../../src/receiver/sqlite.ts'
import { authenticate, post, range } from './device.ts'

const [, , what = '', file = ''] = process.argv
const database = new DatabaseSync(file)
database.exec('PRAGMA busy_timeout = 10000')
const insert = database.prepare('INSERT INTO effects VALUES (?)')
const receive = createReceiver({
  store: sqliteAcks(database),
  authenticate,
  onAck({ sequence }) {
    insert.run(sequence)
    if (what === 'die' && sequence === 3) process.kill(process.pid, 'SIGKILL')
  },
})

if (what === 'die') {
  await receive(post(range(1, 1)))
  await receive(post(range(2, 5)))
} else {
  for (let first = 1; first <= 191; first += 10) {
    const { status } = await receive(post(range(first, first + 9)))
    if (status !== 200) throw new Error(`answered ${status}`)
  }
}
