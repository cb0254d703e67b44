import { readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { runNode } from './children.ts'
import type { NamedTest } from './fault.ts'

/** How long a note waits for what a fault keeps from coming (milliseconds). */
const patienceMs = 20_000

/** The schedules that CI runs on sound code, and so the most that a fault gets. */
const budget = { from: 1, count: 2_000, steps: 200 }

/** What a catcher saw. */
export interface Verdict {
  readonly isCaught: boolean
  /** How: the test's name, or the schedule's number. */
  readonly how: string
}

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/** What became of a test: `passed`, `failed`, … */
export interface Ran {
  readonly status: string
  /** What its failures say. */
  readonly said: string
}

/** Runs the named tests in a folder, and nothing else. Returns what became of each. */
export async function runTests(
  root: string,
  tests: readonly NamedTest[],
  settings: Readonly<Record<string, string>> = {},
): Promise<(test: NamedTest) => Ran> {
  const report = join(root, 'report.json')
  const names = `^(${tests.map(({ test }) => patternOf(test)).join('|')})$`
  const files = [...new Set(tests.map(({ file }) => file))]
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/vitest.config.ts',
    '--root',
    root,
  ]
  const projects = ['unit', 'conformance', 'field-notes'].flatMap((name) => ['--project', name])
  const which = [...projects, ...files, '-t', names]
  const told = ['--reporter=json', `--outputFile=${report}`]
  const { output } = await runNode(root, [...vitest, ...which, ...told], settings)
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
    const results = new Map<string, Ran>()
    for (const { name, assertionResults } of testResults) {
      for (const { fullName, status, failureMessages = [] } of assertionResults) {
        // Of those with a title each, one that failed is enough.
        const key = `${relative(root, name)}\n${fullName}`
        if (results.get(key)?.status !== 'failed')
          results.set(key, { status, said: failureMessages.join('\n') })
      }
    }
    return ({ file, test }) => results.get(`${file}\n${test}`) ?? { status: 'not found', said: '' }
  } catch (error) {
    throw new Error(`Cannot run ${files.join()}: there is no report: ${lastOf(output)}`, { cause: error })
  } finally {
    rmSync(report, { force: true })
  }
}

/** Whether the named test goes red. */
export async function byTest(root: string, test: NamedTest): Promise<Verdict> {
  const { because = '' } = test
  const { status, said } = (await runTests(root, [test], { PATIENCE_MS: String(patienceMs) }))(test)
  const isCaught = status === 'failed' && said.includes(because)
  const first = said.split('\n', 1)[0]
  const how = isCaught ? because || status : `${status} ${first}`
  return { isCaught, how: `${test.file}: ${test.test} (${how.trim()})` }
}

/** A schedule that went red, and which invariant it says is broken. */
export interface Red {
  readonly seed: number
  readonly invariant: string
}

/** The first schedule that goes red in a folder, or `undefined`: none does. */
export async function firstRed(
  root: string,
  from: number = budget.from,
  count: number = budget.count,
): Promise<Red | undefined> {
  const options = { from, count, steps: budget.steps }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { status, output } = await runNode(root, ['test/tools/simulate.ts', ...args])
  if (status === 0) return undefined
  const [, seed, invariant] = /^Seed (\d+), step \d+: ((?:\d: )?[^:\n]+)/m.exec(output) ?? []
  if (seed === undefined || invariant === undefined) throw new Error(`Cannot simulate: ${lastOf(output)}`)
  return { seed: Number(seed), invariant }
}

/** What a red schedule comes to: it only proves something if it is green without the fault. */
export async function bySimulator(red: Red | undefined, soundRoot: string): Promise<Verdict> {
  if (red === undefined) return { isCaught: false, how: `simulator: nothing in ${budget.count} schedules` }
  const { seed, invariant } = red
  if (await firstRed(soundRoot, seed, 1)) {
    return { isCaught: false, how: `simulator: seed ${seed} is red without the fault` }
  }
  const schedules = seed - budget.from + 1
  const after = `after ${schedules} schedule${schedules === 1 ? '' : 's'}`
  return { isCaught: true, how: `simulator: ${after} (${invariant})` }
}

function lastOf(output: string): string {
  return output.trimEnd().slice(-500)
}

/** A pattern of just that name; what stands between a group and its tests depends on who matches. */
function patternOf(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '( | > )')
}
