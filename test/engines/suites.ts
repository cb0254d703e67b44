import { type Bench, type Cases, inWorker } from './cases/bench.ts'
import type { Tab } from './engine.ts'
import type { CaseResult, Progress } from './page/runner.ts'
import type { SuiteName } from './page/suites.ts'
import type { Session } from './session.ts'

/** How long a suite in a page may say nothing new: longer than the page itself waits for a case. */
const silenceMs = 150_000
const caseMs = 120_000

/** Runs a suite within one page, or in a worker of it. */
export async function runInPage(
  session: Session,
  suite: SuiteName,
  worker?: 'dedicated',
): Promise<readonly CaseResult[]> {
  const tab = await session.open()
  const evaluate = <T>(work: (given: string) => T): Promise<T> =>
    worker ? inWorker(tab, worker, work, suite) : tab.evaluate(work, suite)
  await evaluate((name) => lab.run(name))
  const results = await watch(() => evaluate(() => lab.progress()))
  await tab.close()
  return results
}

async function watch(look: () => Promise<Progress>): Promise<readonly CaseResult[]> {
  let count = -1
  let since = performance.now()
  for (;;) {
    const { results, current, done } = await look()
    if (done) return results
    if (results.length !== count) {
      count = results.length
      since = performance.now()
    }
    const ms = Math.round(performance.now() - since)
    if (ms > silenceMs) return [...results, { name: current ?? 'the suite', ms, error: 'nothing came of it' }]
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Runs cases that look at several contexts, one after another, each with tabs and a queue of its own. */
export async function runCases(
  session: Session,
  cases: Cases,
  prefix: string,
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  for (const [name, run] of Object.entries(cases)) {
    const tabs: Tab[] = []
    const steps: Steps = new Set()
    const bench = benchOf(session, `${prefix} ${results.length}`, tabs, steps)
    const startedAt = performance.now()
    let error = await inTime(() => run(bench), steps)
    for (const tab of tabs) {
      const unanswered = await inTime(() => closed(tab), steps)
      error ??= unanswered
    }
    const ms = Math.round(performance.now() - startedAt)
    results.push({ name, ms, ...(error !== undefined && { error }) })
  }
  return results
}

/** One that the case closed, or that went with its browser, is closed. One that does not answer fails the case. */
async function closed(tab: Tab): Promise<void> {
  await tab.close().catch(() => undefined)
}

/** What the browser has been asked and not answered yet: where a case hangs, that says where. */
type Steps = Set<string>

async function during<T>(steps: Steps, step: string, asked: Promise<T>): Promise<T> {
  steps.add(step)
  try {
    return await asked
  } finally {
    steps.delete(step)
  }
}

/** A tab that says what it is asked. */
function following(tab: Tab, number: number, steps: Steps): Tab {
  const follow =
    <Given extends unknown[], T>(step: string, ask: (...given: Given) => Promise<T>) =>
    (...given: Given): Promise<T> =>
      during(steps, `page ${number}: ${step}`, ask(...given))
  return {
    evaluate: (work, given) =>
      during(steps, `page ${number}: ${String(work).slice(0, 300)}`, tab.evaluate(work, given)),
    goto: follow('goto', tab.goto),
    reload: follow('reload', tab.reload),
    back: follow('back', tab.back),
    close: follow('close', tab.close),
    hide: follow('hide', tab.hide),
    show: follow('show', tab.show),
    setOffline: follow('setOffline', tab.setOffline),
  }
}

function benchOf(session: Session, name: string, tabs: Tab[], steps: Steps): Bench {
  return {
    engine: session.engine,
    name,
    async open(path) {
      const opened = await during(steps, `open ${path ?? '/'}`, session.open(path))
      const tab = following(opened, tabs.length + 1, steps)
      tabs.push(tab)
      await tab.evaluate((queue) => void lab.open(queue), name)
      return tab
    },
    restart: () => session.restart(),
  }
}

/** Why it failed, if it did. */
function inTime(run: () => Promise<void>, steps: Steps): Promise<string | undefined> {
  return new Promise((resolve) => {
    const late = (): void => resolve(`it was not over after ${caseMs} ms, at: ${[...steps].join('; ')}`)
    const timer = setTimeout(late, caseMs)
    run()
      .then(
        () => resolve(undefined),
        (error: unknown) => resolve(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => clearTimeout(timer))
  })
}
