import { attach } from 'holdfast/service-worker'
import { deadlineMs } from './deadline.ts'
import { openQueue, tellUncaught } from './queue.ts'
import { tellAs } from './told.ts'

const { searchParams } = new URL(location.href)
const context = `worker-${crypto.randomUUID().slice(0, 8)}`
const tell = tellAs(context)

tellUncaught(tell)
let events = 0

/** Tells of an event, and of its end. */
function tellEvent(over: Promise<unknown>): void {
  events += 1
  const number = events
  const say = (what: 'began' | 'ended'): void => tell({ type: 'event', number, what, at: Date.now() })
  say('began')
  const end = (): void => say('ended')
  over.then(end, end)
}

const { prototype } = Reflect.get(globalThis, 'ExtendableEvent')
const { waitUntil } = prototype
prototype.waitUntil = function (this: unknown, work: Promise<unknown>): void {
  waitUntil.call(this, work)
  tellEvent(work)
}
attach(openQueue(searchParams.get('api') ?? '', context, tell), { deadlineMs })
addEventListener('install', () => void Reflect.get(globalThis, 'skipWaiting').call(globalThis))
addEventListener('activate', (event) => {
  // Its drain has a deadline, too, and is waited for by nobody.
  tellEvent(new Promise((resolve) => setTimeout(resolve, deadlineMs + 2_000)))
  const clients = Reflect.get(globalThis, 'clients')
  Reflect.get(event, 'waitUntil').call(event, clients.claim())
})
tell({ type: 'life', what: 'ready', at: Date.now() })
