import { dexieAddAll, dexieDrain, withDexie } from '../dexie.ts'
import { createCensus, expectCount, payloadOf, payloads, rate, type Size } from '../jobs.ts'
import { inNewPage } from '../new-page.ts'
import { expectStored, fill, openOurs, type OpenOptions, withOurs } from '../ours.ts'
import {
  addAll,
  addEach,
  type Durability,
  drainEach,
  drainIndexed,
  drainInOrder,
  expectRows,
  withRaw,
} from '../raw.ts'
import { withTanStack } from '../tanstack.ts'
import { textOf } from '../text.ts'
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
    ...inNewPage('P3', {
      name: 'holdfast, relaxed',
      run: (scale) => ours({ durability: 'relaxed' }, scaled(10_000, scale)),
    }),
    { name: 'holdfast, as it comes', run: (scale) => ours({}, scaled(10_000, scale)) },
    { name: 'holdfast, relaxed, opened anew', run: (scale) => openedAnew(scaled(10_000, scale)) },
    { name: 'raw, indexed', run: (scale) => indexed(scaled(3_000, scale)) },
    {
      name: 'raw, in order',
      run: (scale) => inOrder({ durability: 'relaxed', batch: 100 }, scaled(10_000, scale)),
    },
    { name: 'a log and nothing else, relaxed', run: (scale) => logAlone(scaled(10_000, scale)) },
    { name: 'Dexie, indexed', run: (scale) => dexie(scaled(2_000, scale)) },
    { name: 'workbox replayRequests', run: (scale) => workbox(scaled(1_000, scale)) },
    {
      name: 'TanStack, online, on request success',
      run: (scale) => tanstack(scaled(200, scale)),
      rounds: 3,
    },
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
    {
      name: 'raw, in order',
      run: (scale) => inOrder({ durability: 'relaxed', batch: 100 }, scaled(1_000, scale), 'large'),
    },
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
    {
      name: 'raw, completes and claims in one, strict',
      run: (scale) => inOrder({ durability: 'strict', batch: 1 }, scaled(300, scale)),
    },
    { name: 'raw, two transactions a job, strict', run: (scale) => each(scaled(200, scale)) },
  ],
}

function ours(options: OpenOptions, count: number, size: Size = 'small'): Promise<number> {
  const census = createCensus(count)
  return withOurs({ ...options, run: census.run }, async (queue) => {
    await fill(queue, payloads(count, size))
    const figure = await rate(count, () => queue.drain())
    census.check(count)
    await expectStored(queue, [])
    return figure
  })
}

/** With all that the next visit has to do first, by the clock. */
async function openedAnew(count: number): Promise<number> {
  const census = createCensus(count)
  const before = openOurs({ durability: 'relaxed' })
  await fill(before, payloads(count))
  await before.close()
  const { name } = before
  const startedAt = performance.now()
  return withOurs({ name, durability: 'relaxed', run: census.run }, async (queue) => {
    await queue.drain()
    const taken = performance.now() - startedAt
    census.check(count)
    await expectStored(queue, [])
    return (count / taken) * 1_000
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

/** As many entries of such a size as we write for so many jobs, of which none runs: what is left of the time is ours. */
function logAlone(count: number): Promise<number> {
  const entries = Math.ceil(count / 100) + 1
  return withRaw({ durability: 'relaxed', indexed: false }, async (raw) => {
    const given = Array.from({ length: entries }, (_, number) => ({
      ...payloadOf(number),
      text: textOf(number, 8_600),
    }))
    const figure = await rate(count, () => addEach(raw, given))
    await expectRows(raw, entries)
    return figure
  })
}

interface InOrder {
  readonly durability: Durability
  readonly batch: number
}

function inOrder({ durability, batch }: InOrder, count: number, size: Size = 'small'): Promise<number> {
  const census = createCensus(count)
  return withRaw({ durability, indexed: false }, async (raw) => {
    await addAll(raw, payloads(count, size))
    const figure = await rate(count, () => drainInOrder(raw, batch, census.run))
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
  const queue = await openWorkbox()
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
