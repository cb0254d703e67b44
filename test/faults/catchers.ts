import { readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { runNode } from './children.ts'
import type { NamedTest } from './fault.ts'

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
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** Runs the named tests in a folder, and nothing else. Returns what became of each: `passed`, `failed`, … */
export async function runTests(
  root: string,
  tests: readonly NamedTest[],
): Promise<(test: NamedTest) => string> {
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
  const which = ['--project', 'unit', '--project', 'conformance', ...files, '-t', names]
  const { output } = await runNode(root, [...vitest, ...which, '--reporter=json', `--outputFile=${report}`])
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
    const statuses = new Map<string, string>()
    for (const { name, assertionResults } of testResults) {
      for (const { fullName, status } of assertionResults) {
        // Of those with a title each, one that failed is enough.
        const key = `${relative(root, name)}\n${fullName}`
        if (statuses.get(key) !== 'failed') statuses.set(key, status)
      }
    }
    return ({ file, test }) => statuses.get(`${file}\n${test}`) ?? 'not found'
  } catch (error) {
    throw new Error(`Cannot run ${files.join()}: there is no report: ${lastOf(output)}`, { cause: error })
  } finally {
    rmSync(report, { force: true })
  }
}

/** Whether the named test goes red. */
export async function byTest(root: string, test: NamedTest): Promise<Verdict> {
  const status = (await runTests(root, [test]))(test)
  return { isCaught: status === 'failed', how: `${test.file}: ${test.test} (${status})` }
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
