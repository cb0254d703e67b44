import { createCensus, type Payload, payloads, quantile } from '../jobs.ts'
import { expectStored, withOurs } from '../ours.ts'
import { addAll, expectRows, withRaw } from '../raw.ts'
import { startRawWorker } from '../raw-worker.ts'
import { idle } from './lone.ts'
import { type PageWork, type Runner, scaled, together } from './work.ts'

/** One job that is measured so often (milliseconds), whether or not those before are through. */
const everyMs = 10
const count = 1_000
/** Under load so many more besides, this often: what a worker on raw IndexedDB can take where nothing else goes on. */
const load = { jobs: 5, everyMs: 17 }

const moments = ['durable', 'handler'] as const
const shares = [0.5, 0.99] as const

/** How long one job takes, alone and while others go through. */
export const latency: PageWork = {
  id: 'latency',
  title: `from the instant a job is due, one every ${everyMs} ms, alone and beside ${load.jobs} every ${load.everyMs} ms`,
  unit: 'ms',
  targets: [],
  contestants: [false, true].flatMap((isLoaded) => [
    ...lines('holdfast', isLoaded, ours),
    ...lines('raw add', isLoaded, raw),
  ]),
}

/** All quantiles of one run. */
function lines(who: string, isLoaded: boolean, run: (plan: Plan) => Promise<void>): Runner[] {
  const how = isLoaded ? 'loaded' : 'alone'
  const nameOf = (moment: string, share: number): string => `${who} to ${moment}, ${how}, p${share * 100}`
  const names = moments.flatMap((moment) => shares.map((share) => nameOf(moment, share)))
  const measure = async (scale: number): Promise<Map<string, number>> => {
    const plan = planOf(scaled(count, scale), isLoaded)
    await run(plan)
    const figures = moments.flatMap((moment) =>
      shares.map((share) => [nameOf(moment, share), quantile(plan.taken[moment], share)] as const),
    )
    return new Map(figures)
  }
  return together(names, measure, 3)
}

/** What comes when, and how long it took. */
interface Plan {
  /** The measured jobs first, then the others. */
  readonly given: readonly Payload[]
  readonly measured: number
  readonly taken: Readonly<Record<(typeof moments)[number], number[]>>
  /** When each measured job was due. */
  readonly dueAt: number[]
}

function planOf(measured: number, isLoaded: boolean): Plan {
  const others = isLoaded ? Math.floor((measured * everyMs) / load.everyMs) * load.jobs : 0
  return { given: payloads(measured + others), measured, taken: { durable: [], handler: [] }, dueAt: [] }
}

function ours(plan: Plan): Promise<void> {
  const census = createCensus(plan.given.length)
  return withOurs({ run: handlerOf(plan, census.run) }, async (queue) => {
    await queue.start()
    await arrive(plan, (some) =>
      some.length > 1
        ? queue.enqueueAll(some.map((payload) => ({ kind: 'work', payload })))
        : Promise.all(some.map((payload) => queue.enqueue('work', payload))),
    )
    await census.reached(plan.given.length)
    await idle(queue)
    census.check(plan.given.length)
    await expectStored(queue, [])
  })
}

function raw(plan: Plan): Promise<void> {
  const census = createCensus(plan.given.length)
  return withRaw({ durability: 'strict', indexed: true }, async (opened) => {
    const worker = startRawWorker(opened, 100, handlerOf(plan, census.run))
    await arrive(plan, async (some) => {
      await addAll(opened, some)
      worker.wake()
    })
    await worker.idle()
    census.check(plan.given.length)
    await expectRows(opened, 0)
  })
}

function handlerOf({ measured, dueAt, taken }: Plan, run: (payload: Payload) => void) {
  return (payload: Payload): void => {
    if (payload.number < measured) taken.handler.push(performance.now() - (dueAt[payload.number] ?? 0))
    run(payload)
  }
}

/** Brings every job at its instant, and nothing puts off the next: who is slow has them wait in line. */
async function arrive(plan: Plan, add: (some: readonly Payload[]) => Promise<unknown>): Promise<void> {
  const { given, measured, dueAt, taken } = plan
  const adding: Promise<unknown>[] = []
  const one = (number: number, at: number): void => {
    dueAt[number] = at
    const added = add(given.slice(number, number + 1))
    adding.push(added.then(() => taken.durable.push(performance.now() - at)))
  }
  const some = (tick: number): void => {
    const from = measured + tick * load.jobs
    adding.push(add(given.slice(from, from + load.jobs)))
  }
  const others = (given.length - measured) / load.jobs
  await Promise.all([atInstants(measured, everyMs, one), atInstants(others, load.everyMs, some)])
  await Promise.all(adding)
}

async function atInstants(
  times: number,
  ms: number,
  call: (time: number, at: number) => void,
): Promise<void> {
  const startedAt = performance.now()
  for (let time = 0; time < times; time += 1) {
    const at = startedAt + (time + 1) * ms
    const left = at - performance.now()
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(left)))
    call(time, at)
  }
}
