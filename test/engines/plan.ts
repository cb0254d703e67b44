import { contextCases } from './cases/contexts.ts'
import { damageCases } from './cases/damage.ts'
import { faultCases } from './cases/faults.ts'
import { historyCases } from './cases/history.ts'
import { httpCases } from './cases/http.ts'
import { pageHostCases } from './cases/page-host.ts'
import { storageCases } from './cases/storage.ts'
import { workerHostCases } from './cases/worker-host.ts'
import type { Engine } from './engine.ts'
import type { SuiteName } from './page/suites.ts'
import { runCases, runInPage } from './suites.ts'
import type { CaseResult } from './page/runner.ts'
import { type Session, startSession } from './session.ts'

/** Everything that was run of one suite in one engine. */
export interface SuiteResult {
  readonly suite: string
  readonly results: readonly CaseResult[]
}

/** What one engine did. */
export interface EngineReport {
  readonly engine: Engine['name']
  readonly version: string
  readonly suites: readonly SuiteResult[]
  readonly seconds: number
}

interface Planned {
  readonly suite: string
  readonly run: (session: Session) => Promise<readonly CaseResult[]>
}

const inPage = (suite: SuiteName): Planned => ({ suite, run: (session) => runInPage(session, suite) })

/** In a browser as users have it, with what it keeps on the disk. */
const kept: readonly Planned[] = [
  inPage('behaviour, IndexedDB'),
  inPage('behaviour, memory'),
  inPage('conformance, IndexedDB'),
  inPage('conformance, application database'),
  inPage('conformance, memory'),
  inPage('IndexedDB adapter'),
  inPage('rows and jobs'),
  inPage('site data cleared'),
  {
    suite: 'conformance, in a worker',
    run: (session) => runInPage(session, 'conformance, IndexedDB', 'dedicated'),
  },
  { suite: 'several contexts', run: (session) => runCases(session, contextCases, 'contexts') },
  { suite: 'history', run: (session) => runCases(session, historyCases, 'history') },
  { suite: 'page host', run: (session) => runCases(session, pageHostCases, 'page host') },
  { suite: 'worker host', run: (session) => runCases(session, workerHostCases, 'worker host') },
  { suite: 'HTTP jobs', run: (session) => runCases(session, httpCases, 'http') },
  { suite: 'storage', run: (session) => runCases(session, storageCases, 'storage') },
  {
    suite: 'faults of storage',
    run: (session) => runCases(session, { ...faultCases, ...damageCases }, 'faults'),
  },
]

/** In a private window, where WebKit keeps databases in memory and refuses Blobs. */
const inPrivate: readonly Planned[] = [
  { ...inPage('behaviour, IndexedDB'), suite: 'behaviour, private' },
  { ...inPage('conformance, IndexedDB'), suite: 'conformance, private' },
  { ...inPage('IndexedDB adapter'), suite: 'IndexedDB adapter, private' },
]

/** Runs the suites whose names begin with one of `beginnings` in one engine. */
export async function runEngine(engine: Engine, beginnings: readonly string[]): Promise<EngineReport> {
  const startedAt = performance.now()
  const suites: SuiteResult[] = []
  let version = ''
  for (const [plan, isPrivate] of [[kept, false] as const, [inPrivate, true] as const]) {
    const chosen = plan.filter(({ suite }) => beginnings.some((beginning) => suite.startsWith(beginning)))
    if (chosen.length === 0) continue
    const session = await startSession(engine, isPrivate)
    try {
      version ||= session.browser.version
      for (const { suite, run } of chosen) suites.push({ suite, results: await guarded(() => run(session)) })
    } finally {
      await session.end()
    }
  }
  return { engine: engine.name, version, suites, seconds: (performance.now() - startedAt) / 1000 }
}

/** A suite that breaks off is a failure of its own, and no reason to leave the others out. */
async function guarded(run: () => Promise<readonly CaseResult[]>): Promise<readonly CaseResult[]> {
  try {
    const results = await run()
    return results.length > 0 ? results : [{ name: 'the suite', ms: 0, error: 'it has no case' }]
  } catch (error) {
    return [{ name: 'the suite', ms: 0, error: error instanceof Error ? error.message : String(error) }]
  }
}
