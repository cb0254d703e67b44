/**
 * One side in a process of its own, so that its memory is nobody else's: `node --expose-gc process.ts <side> <devices>`
 * prints a {@link Told}. `serve` prints where it listens, and what it told once its input ends.
 */
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { startLoopback } from '../../tools/loopback.ts'
import { requestOf as requestFrom } from '../../tools/request.ts'
import { acksEach, batchesOf } from './batches.ts'
import { openDatabase, receiverOn, type Side, sides } from './sides.ts'

/** Bytes, with everything that can be collected collected, and the database still open. */
export interface Memory {
  readonly heap: number
  readonly rss: number
  /** The most that the process ever had, with the batches made in it. */
  readonly peakRss: number
}

export interface Told extends Memory {
  /** How long each request took. */
  readonly times: readonly number[]
}

/** Devices whose batches are taken first, in a database of their own, and count for nothing. */
const warmDevices = 20

async function takeAll(side: Side, devices: number): Promise<Told> {
  const opened = openDatabase()
  const ready = side(opened)
  const times: number[] = []
  for (const batch of batchesOf(devices)) {
    const { take, check } = ready(batch)
    const began = performance.now()
    const taken = await take()
    times.push(performance.now() - began)
    await check?.(taken)
  }
  const memory = memoryNow()
  opened.end(devices * acksEach)
  return { ...memory, times }
}

function memoryNow(): Memory {
  globalThis.gc?.()
  const { heapUsed: heap, rss } = process.memoryUsage()
  return { heap, rss, peakRss: process.resourceUsage().maxRSS * 1_024 }
}

async function serve(devices: number): Promise<Memory> {
  const opened = openDatabase()
  const receive = receiverOn(opened)
  const server = await startLoopback(async (incoming, outgoing) => {
    const response = await receive(requestFrom(incoming, await buffer(incoming)))
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
  })
  console.log(server.url)
  await once(process.stdin.resume(), 'end')
  await server.stop()
  const memory = memoryNow()
  opened.end(devices * acksEach)
  return memory
}

const [name, given] = process.argv.slice(2)
const devices = Number(given)
const side = name === 'serve' ? sides.receiver : Object.entries(sides).find(([each]) => each === name)?.[1]
if (side === undefined) throw new RangeError(`there is no side ${name}`)
await takeAll(side, Math.min(devices, warmDevices))
console.log(JSON.stringify(name === 'serve' ? await serve(devices) : await takeAll(side, devices)))
