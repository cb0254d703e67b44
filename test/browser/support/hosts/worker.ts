import { attach, type WorkerEvent } from 'holdfast/service-worker'
import { openUploads } from './uploads.ts'

/** The worker is told everything by its script's address. */
const { searchParams } = new URL(location.href)
const deadlineMs = Number(searchParams.get('deadlineMs') ?? 150_000)
const installMs = Number(searchParams.get('installMs') ?? 0)

/** Tells the site how each event's promise ended. */
function report(type: string, how: string): void {
  fetch(`/report?${type} ${how}`, { method: 'POST' }).catch(() => undefined)
}

report('worker', 'started')
const events = Reflect.get(globalThis, 'ExtendableEvent').prototype
const waitUntil = Reflect.get(events, 'waitUntil')
Object.assign(events, {
  waitUntil(this: WorkerEvent & Event, promise: Promise<unknown>) {
    waitUntil.call(this, promise)
    const type = Reflect.get(this, 'lastChance') === true ? `last ${this.type}` : this.type
    promise.then(
      () => report(type, 'resolved'),
      () => report(type, 'rejected'),
    )
  },
})

if (searchParams.has('hasNoSync')) Reflect.deleteProperty(ServiceWorkerRegistration.prototype, 'sync')

const queue = openUploads({ api: searchParams.get('api') ?? '', runs: true })
attach(queue, { deadlineMs })
addEventListener('install', (event) => {
  void Reflect.get(globalThis, 'skipWaiting').call(globalThis)
  const installed = new Promise((resolve) => setTimeout(resolve, installMs))
  Reflect.get(event, 'waitUntil').call(event, installed)
})
addEventListener('activate', (event) => {
  const clients = Reflect.get(globalThis, 'clients')
  Reflect.get(event, 'waitUntil').call(event, clients.claim())
})
