import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'

/** How many tests of a step passed, failed, and were skipped. */
export interface Outcome {
  passed: number
  failed: number
  skipped: number
  /** A line for each failure that is known by name. */
  failures?: readonly string[]
}

/** An npm script that either holds or does not: one test. */
export async function npmScript(name: string): Promise<Outcome> {
  const { status } = await run('npm', ['run', '--silent', name])
  return judged(status)
}

/** A command that says `N passed, N failed` in its last such line, and what failed in lines of `FAILED …`. */
export async function countedCommand(command: string, options: string[]): Promise<Outcome> {
  const { status, output } = await run(command, options, true)
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1)
  if (!last) return { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0 }
  const failures = [...output.matchAll(/^FAILED +(.*)$/gm)].map((line) => line[1] ?? '')
  return withStatus({ passed: Number(last[1]), failed: Number(last[2]), skipped: 0, failures }, status)
}

/** One project of test/vitest.config.ts, counted from its own report. */
export async function vitestProject(name: string, report: string, options: string[]): Promise<Outcome> {
  const settings = ['--config', 'test/vitest.config.ts', '--project', name, ...options]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { status, output } = await run('vitest', ['run', ...settings, ...reporters], true)
  const outcome = withStatus(readReport(report), status)
  if (status === 0 || outcome.failures.length > 0) return outcome
  return { ...outcome, failures: complaintsOf(output) }
}

/** What a run says of itself when every test passed and it failed all the same. */
function complaintsOf(output: string): string[] {
  return stripVTControlCharacters(output)
    .split('\n')
    .filter((line) => /^(ERROR: |.*Unhandled |\w*Error: )/.test(line))
}

function judged(status: number): Outcome {
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** A run can fail with every test passed: a coverage threshold, an unhandled rejection, a file that did not load. */
function withStatus<Counted extends Outcome>(outcome: Counted, status: number): Counted {
  return status !== 0 && outcome.failed === 0 ? { ...outcome, failed: 1 } : outcome
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: {
    name: string
    message: string
    assertionResults: { status: string; fullName: string; failureMessages: string[] | null }[]
  }[]
}

function readReport(path: string): Outcome & { failures: string[] } {
  const report: Report = JSON.parse(readFileSync(path, 'utf8'))
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: report.testResults.flatMap(failuresOf),
  }
}

/** The tests of a file that failed, or why none of it could run. */
function failuresOf({ name, message, assertionResults }: Report['testResults'][number]): string[] {
  const first = (text = ''): string => text.split('\n', 1)[0] ?? ''
  const failed = assertionResults.filter(({ status }) => status === 'failed')
  if (failed.length === 0 && message !== '') return [`${name}: ${first(message)}`]
  return failed.map((test) => `${test.fullName}: ${first(test.failureMessages?.[0])}`)
}

/** Resolves with the exit status, and with what was printed if that is captured (it is shown all the same). */
export function run(
  command: string,
  options: string[],
  capture = false,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const to = capture ? 'pipe' : 'inherit'
    const child = spawn(command, options, { stdio: ['ignore', to, to] })
    let output = ''
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        process[name].write(chunk)
      })
    }
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal) console.error(`${command} was ended by ${signal}`)
      resolve({ status: code ?? 1, output })
    })
  })
}
