import { dexieAddAll, dexieDrain, withDexie } from '../dexie.ts'
import { createCensus, expectCount, payloads, rate, type Size } from '../jobs.ts'
import { expectWaiting, fill, type OpenOptions, withOurs } from '../ours.ts'
import { addAll, addEach, drainEach, drainIndexed, drainInOrder, expectRows, withRaw } from '../raw.ts'
import { withTanStack } from '../tanstack.ts'
import { expectRequests, openWorkbox, pushAll, replay, requestsOf } from '../workbox.ts'
import { type PageWork, scaled } from './work.ts'

const unit = 'jobs/s'

/** Claim, trivial handler, complete: all durable, in batches of a hundred. */
export const drained: PageWork = {
  id: 'P3',
  title: 'drain 10 000, concurrency 100',
  unit,
  targets: [
    { ours: 'holdfast, relaxed', peer: 'raw, indexed', is: '>=', target: 25 },
    { ours: 'holdfast, relaxed', peer: 'raw, in order', is: '>=', target: 5 },
    { ours: 'holdfast, relaxed', peer: 'workbox replayRequests', is: '>=', target: 150 },
  ],
  contestants: [
    { name: 'holdfast, relaxed', run: (scale) => ours({ durability: 'relaxed' }, scaled(10_000, scale)) },
    { name: 'holdfast, as it comes', run: (scale) => ours({}, scaled(10_000, scale)) },
    { name: 'raw, indexed', run: (scale) => indexed(scaled(3_000, scale)) },
    { name: 'raw, in order', run: (scale) => inOrder(scaled(10_000, scale)) },
    { name: 'Dexie, indexed', run: (scale) => dexie(scaled(2_000, scale)) },
    { name: 'workbox replayRequests', run: (scale) => workbox(scaled(200, scale)) },
    { name: 'TanStack, back online', run: (scale) => tanstack(scaled(200, scale)), rounds: 3 },
  ],
}

export const drainedLarge: PageWork = {
  id: 'P3 4K',
  title: 'drain 1 000, concurrency 100, 4 KiB',
  unit,
  targets: [],
  contestants: [
    {
      name: 'holdfast, relaxed',
      run: (scale) => ours({ durability: 'relaxed' }, scaled(1_000, scale), 'large'),
    },
    { name: 'raw, indexed', run: (scale) => indexed(scaled(1_000, scale), 'large') },
    { name: 'raw, in order', run: (scale) => inOrder(scaled(1_000, scale), 'large') },
  ],
}

/** One commit a job: completing one and claiming the next share it. */
export const drainedOneByOne: PageWork = {
  id: 'P4',
  title: 'drain at concurrency 1',
  unit,
  targets: [{ ours: 'holdfast, strict', peer: 'raw transactions, strict', is: '>=', target: 0.4 }],
  contestants: [
    {
      name: 'holdfast, strict',
      run: (scale) => ours({ durability: 'strict', concurrency: 1 }, scaled(300, scale)),
    },
    { name: 'raw transactions, strict', run: (scale) => transactions(scaled(300, scale)) },
    { name: 'raw, two transactions a job, strict', run: (scale) => each(scaled(200, scale)) },
  ],
}

function ours(options: OpenOptions, count: number, size: Size = 'small'): Promise<number> {
  const census = createCensus(count)
  return withOurs({ ...options, run: census.run }, async (queue) => {
    await fill(queue, payloads(count, size))
    const figure = await rate(count, () => queue.drain())
    census.check(count)
    await expectWaiting(queue, 0)
    return figure
  })
}

function indexed(count: number, size: Size = 'small'): Promise<number> {
  const census = createCensus(count)
  return withRaw({ durability: 'relaxed', indexed: true }, async (raw) => {
    await addAll(raw, payloads(count, size))
    const figure = await rate(count, () => drainIndexed(raw, 100, census.run))
    census.check(count)
    await expectRows(raw, 0)
    return figure
  })
}

function inOrder(count: number, size: Size = 'small'): Promise<number> {
  const census = createCensus(count)
  return withRaw({ durability: 'relaxed', indexed: false }, async (raw) => {
    await addAll(raw, payloads(count, size))
    const figure = await rate(count, () => drainInOrder(raw, 100, census.run))
    census.check(count)
    await expectRows(raw, 0)
    return figure
  })
}

function transactions(count: number): Promise<number> {
  return withRaw({ durability: 'strict', indexed: false }, async (raw) => {
    const given = payloads(count)
    const figure = await rate(count, () => addEach(raw, given))
    await expectRows(raw, count)
    return figure
  })
}

function each(count: number): Promise<number> {
  const census = createCensus(count)
  return withRaw({ durability: 'strict', indexed: false }, async (raw) => {
    await addAll(raw, payloads(count))
    const figure = await rate(count, () => drainEach(raw, census.run))
    census.check(count)
    await expectRows(raw, 0)
    return figure
  })
}

function dexie(count: number): Promise<number> {
  const census = createCensus(count)
  return withDexie(true, async (opened) => {
    await dexieAddAll(opened, payloads(count))
    const figure = await rate(count, () => dexieDrain(opened, 100, census.run))
    census.check(count)
    expectCount('rows', await opened.jobs.count(), 0)
    return figure
  })
}

async function workbox(count: number): Promise<number> {
  const census = createCensus(count)
  const queue = openWorkbox()
  await pushAll(queue, requestsOf(payloads(count)))
  const figure = await rate(count, () => replay(queue, census.run))
  census.check(count)
  await expectRequests(queue, 0)
  return figure
}

function tanstack(count: number): Promise<number> {
  const census = createCensus(count)
  return withTanStack(census.run, async (outbox) => {
    await outbox.enqueue(payloads(count))
    const figure = await rate(count, () => outbox.drain())
    census.check(count)
    await outbox.expect(0)
    return figure
  })
}
