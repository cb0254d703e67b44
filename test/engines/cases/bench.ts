import type { EngineName } from '../../tools/engines.ts'
import { type Tab, until } from '../engine.ts'
import type { WorkerKind } from '../page/workers.ts'

/** What a case works on. */
export interface Bench {
  readonly engine: EngineName
  /** The name of a queue that no other case uses. */
  readonly name: string
  /** Opens the site in one more tab, with the queue of the case, not started. Closed after the case. */
  open(path?: string): Promise<Tab>
  /** Kills the browser at once, and starts it again on what it kept. */
  restart(): Promise<void>
}

/** Cases by name; a name is a sentence about the queue in several contexts. */
export type Cases = Readonly<Record<string, (bench: Bench) => Promise<void>>>

/** Runs a function in a worker of the page's, as `evaluate` does in the page; waits so long, or for ever. */
export function inWorker<T, Given = undefined>(
  tab: Tab,
  kind: WorkerKind,
  work: (given: Given) => T | Promise<T>,
  given?: Given,
  patienceMs?: number,
): Promise<T> {
  const source = `(${String(work)})(${JSON.stringify(given) ?? 'undefined'})`
  return tab.evaluate((order) => lab.workers.run(order.kind, order.source, order.patienceMs) as Promise<T>, {
    kind,
    source,
    patienceMs,
  })
}

/** Waits until a tab was told something of this name by its queue; gives everything of it. */
export function toldOf(tab: Tab, name: string): Promise<unknown[]> {
  return until(async () => {
    const told = await tab.evaluate((wanted) => lab.told.filter((each) => each.name === wanted), name)
    return told.length > 0 ? told.map(({ event }) => event) : undefined
  }, `a page to be told ${name}`)
}

/** Waits until so many jobs of the queue are in this state. */
export async function counted(
  tab: Tab,
  state: 'pending' | 'running' | 'completed',
  count: number,
): Promise<void> {
  const look = async (): Promise<true | undefined> => {
    const counts = await tab.evaluate(async () => (await lab.queue.info()).counts)
    return counts[state] === count ? true : undefined
  }
  await until(look, `${count} jobs to be ${state}`)
}

/** What a queue tells of its store; of an error, its code. */
export interface StoreTold {
  readonly state: string
  readonly code?: string
}

/** What a page was told of its store. */
export async function storeOf(page: Tab): Promise<StoreTold[]> {
  await toldOf(page, 'store')
  return page.evaluate(() => {
    const told = lab.told.filter(({ name }) => name === 'store').map(({ event }) => Object(event))
    // An error does not travel whole.
    return told.map(({ state, error }) => ({
      state,
      ...(lab.holdfast.isQueueError(error) && { code: error.code }),
    }))
  })
}

export function statesOf(told: readonly StoreTold[]): string[] {
  return told.map(({ state }) => state)
}

/** To another page of the site, which may keep this one in the back/forward cache. */
export async function goElsewhere(page: Tab): Promise<void> {
  await page.evaluate(() => void lab.kept.set('alive', true))
  await page.goto(await page.evaluate(() => `${location.origin}/elsewhere`))
}

/** Back to the page that `goElsewhere` left; whether it was kept. */
export async function comeBack(page: Tab): Promise<boolean> {
  await page.back()
  const look = (): Promise<boolean | undefined> =>
    page.evaluate(() => {
      if (location.pathname === '/elsewhere' || typeof lab !== 'object') return undefined
      return lab.kept.get('alive') === true
    })
  // In the moment of the change there may be no page to answer.
  return until(() => look().catch(() => undefined), 'the page to come back')
}
