import { attach } from 'holdfast/service-worker'
import { openQueue, tellUncaught } from './queue.ts'
import { tellAs } from './told.ts'

const { searchParams } = new URL(location.href)
const context = `worker-${crypto.randomUUID().slice(0, 8)}`
const tell = tellAs(context)

tellUncaught(tell)
// A deadline that comes to pass within a soak of ten minutes.
attach(openQueue(searchParams.get('api') ?? '', context, tell), { deadlineMs: 30_000 })
addEventListener('install', () => void Reflect.get(globalThis, 'skipWaiting').call(globalThis))
addEventListener('activate', (event) => {
  const clients = Reflect.get(globalThis, 'clients')
  Reflect.get(event, 'waitUntil').call(event, clients.claim())
})
tell({ type: 'life', what: 'ready', at: Date.now() })
