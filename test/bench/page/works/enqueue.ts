import { dexieAddAll, dexieAddEach, withDexie } from '../dexie.ts'
import { expectCount, payloads, rate, type Size } from '../jobs.ts'
import { expectStored, type OpenOptions, withOurs } from '../ours.ts'
import { addAll, addEach, addEachAnswered, type Durability, expectRows, withRaw } from '../raw.ts'
import { inNewPage } from '../new-page.ts'
import { withTanStack } from '../tanstack.ts'
import { empty, expectRequests, openWorkbox, pushAll, pushEach, requestsOf } from '../workbox.ts'
import { type PageWork, scaled } from './work.ts'

const unit = 'jobs/s'

/** One by one, each awaited until it is durable. */
export const awaited: PageWork = {
  id: 'P1',
  title: 'enqueue, awaited one by one',
  unit,
  targets: [
    { ours: 'holdfast, strict', peer: 'raw add, strict', is: '>=', target: 0.75 },
    { ours: 'holdfast, relaxed', peer: 'raw add, relaxed', is: '>=', target: 0.65 },
  ],
  contestants: [
    { name: 'holdfast, strict', run: (scale) => ours({ durability: 'strict' }, scaled(400, scale)) },
    { name: 'raw add, strict', run: (scale) => raw('strict', scaled(400, scale)) },
    { name: 'raw add, answered first, strict', run: (scale) => rawAnswered('strict', scaled(400, scale)) },
    { name: 'holdfast, relaxed', run: (scale) => ours({ durability: 'relaxed' }, scaled(400, scale)) },
    { name: 'raw add, relaxed', run: (scale) => raw('relaxed', scaled(400, scale)) },
    {
      name: 'raw add, answered first, relaxed',
      run: (scale) => rawAnswered('relaxed', scaled(400, scale)),
    },
    { name: 'Dexie add, relaxed', run: (scale) => dexie(scaled(400, scale)) },
    { name: 'workbox pushRequest, relaxed', run: (scale) => workbox(scaled(400, scale)) },
  ],
}

/** The same with payloads that lie beside the log. */
export const awaitedLarge: PageWork = {
  id: 'P1 4K',
  title: 'enqueue, awaited one by one, 4 KiB',
  unit,
  targets: [],
  contestants: [
    { name: 'holdfast, strict', run: (scale) => ours({ durability: 'strict' }, scaled(200, scale), 'large') },
    { name: 'raw add, strict', run: (scale) => raw('strict', scaled(200, scale), 'large') },
    { name: 'Dexie add, relaxed', run: (scale) => dexie(scaled(200, scale), 'large') },
  ],
}

/** In one turn of the event loop. */
export const burst: PageWork = {
  id: 'P2',
  title: 'enqueue 10 000 at once',
  unit,
  // Whoever makes the page's first ten thousand jobs would do half as much as later.
  warmUp: 1,
  targets: [
    { ours: 'holdfast, Promise.all', peer: 'Dexie bulkAdd', is: '>=', target: 10 },
    { ours: 'holdfast, enqueueAll', peer: 'Dexie bulkAdd', is: '>=', target: 10 },
    { ours: 'holdfast, Promise.all', peer: 'workbox pushRequest', is: '>=', target: 60 },
    { ours: 'holdfast, enqueueAll', peer: 'workbox pushRequest', is: '>=', target: 60 },
  ],
  contestants: [
    ...inNewPage('P2', {
      name: 'holdfast, Promise.all',
      run: (scale) => oursAtOnce(scaled(10_000, scale), false),
    }),
    ...inNewPage('P2', {
      name: 'holdfast, enqueueAll',
      run: (scale) => oursAtOnce(scaled(10_000, scale), true),
    }),
    { name: 'Dexie bulkAdd', run: (scale) => dexieAtOnce(false, scaled(10_000, scale)) },
    { name: 'Dexie bulkAdd, indexed', run: (scale) => dexieAtOnce(true, scaled(10_000, scale)) },
    { name: 'raw, one transaction', run: (scale) => rawAtOnce(false, scaled(10_000, scale)) },
    { name: 'raw, one transaction, indexed', run: (scale) => rawAtOnce(true, scaled(10_000, scale)) },
    { name: 'workbox pushRequest', run: (scale) => workboxAtOnce(scaled(2_000, scale)) },
    // Its adapter tells what a request was told, before the transaction is complete.
    {
      name: 'TanStack commit, on request success',
      run: (scale) => tanstackAtOnce(scaled(200, scale)),
      rounds: 3,
    },
  ],
}

export const burstLarge: PageWork = {
  id: 'P2 4K',
  title: 'enqueue 1 000 at once, 4 KiB',
  unit,
  targets: [],
  contestants: [
    { name: 'holdfast, enqueueAll', run: (scale) => oursAtOnce(scaled(1_000, scale), true, 'large') },
    { name: 'Dexie bulkAdd', run: (scale) => dexieAtOnce(false, scaled(1_000, scale), 'large') },
    { name: 'raw, one transaction', run: (scale) => rawAtOnce(false, scaled(1_000, scale), 'large') },
  ],
}

function ours(options: OpenOptions, count: number, size: Size = 'small'): Promise<number> {
  return withOurs(options, async (queue) => {
    const given = payloads(count, size)
    await queue.info()
    const figure = await rate(count, async () => {
      for (const payload of given) await queue.enqueue('work', payload)
    })
    await expectStored(queue, given)
    return figure
  })
}

function oursAtOnce(count: number, inOneCall: boolean, size: Size = 'small'): Promise<number> {
  return withOurs({ durability: 'relaxed' }, async (queue) => {
    const given = payloads(count, size)
    await queue.info()
    const figure = await rate(count, () =>
      inOneCall
        ? queue.enqueueAll(given.map((payload) => ({ kind: 'work', payload })))
        : Promise.all(given.map((payload) => queue.enqueue('work', payload))),
    )
    await expectStored(queue, given)
    return figure
  })
}

function raw(durability: Durability, count: number, size: Size = 'small'): Promise<number> {
  return withRaw({ durability, indexed: false }, async (opened) => {
    const given = payloads(count, size)
    const figure = await rate(count, () => addEach(opened, given))
    await expectRows(opened, count)
    return figure
  })
}

function rawAnswered(durability: Durability, count: number): Promise<number> {
  return withRaw({ durability, indexed: false }, async (opened) => {
    const given = payloads(count)
    const figure = await rate(count, () => addEachAnswered(opened, given))
    await expectRows(opened, count)
    return figure
  })
}

function rawAtOnce(indexed: boolean, count: number, size: Size = 'small'): Promise<number> {
  return withRaw({ durability: 'relaxed', indexed }, async (opened) => {
    const given = payloads(count, size)
    const figure = await rate(count, () => addAll(opened, given))
    await expectRows(opened, count)
    return figure
  })
}

function dexie(count: number, size: Size = 'small'): Promise<number> {
  return withDexie(false, async (opened) => {
    const given = payloads(count, size)
    const figure = await rate(count, () => dexieAddEach(opened, given))
    expectCount('rows', await opened.jobs.count(), count)
    return figure
  })
}

function dexieAtOnce(indexed: boolean, count: number, size: Size = 'small'): Promise<number> {
  return withDexie(indexed, async (opened) => {
    const given = payloads(count, size)
    const figure = await rate(count, () => dexieAddAll(opened, given))
    expectCount('rows', await opened.jobs.count(), count)
    return figure
  })
}

async function workbox(count: number): Promise<number> {
  const queue = await openWorkbox()
  const requests = requestsOf(payloads(count))
  const figure = await rate(count, () => pushEach(queue, requests))
  await expectRequests(queue, count)
  await empty(queue)
  return figure
}

async function workboxAtOnce(count: number): Promise<number> {
  const queue = await openWorkbox()
  const requests = requestsOf(payloads(count))
  const figure = await rate(count, () => pushAll(queue, requests))
  await expectRequests(queue, count)
  await empty(queue)
  return figure
}

function tanstackAtOnce(count: number): Promise<number> {
  const given = payloads(count)
  return withTanStack(
    () => undefined,
    async (outbox) => {
      const figure = await rate(count, () => outbox.enqueue(given))
      await outbox.expect(count)
      await outbox.drain()
      return figure
    },
  )
}
