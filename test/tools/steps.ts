import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** How many tests of a step passed, failed, and were skipped. */
export interface Outcome {
  passed: number
  failed: number
  skipped: number
}

/** An npm script that either holds or does not: one test. */
export async function npmScript(name: string): Promise<Outcome> {
  const { status } = await run('npm', ['run', '--silent', name])
  return judged(status)
}

/** A command that says `N passed, N failed` in its last such line. */
export async function countedCommand(command: string, options: string[]): Promise<Outcome> {
  const { status, output } = await run(command, options, true)
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1)
  if (!last) return { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0 }
  return withStatus({ passed: Number(last[1]), failed: Number(last[2]), skipped: 0 }, status)
}

/** One project of test/vitest.config.ts, counted from its own report. */
export async function vitestProject(name: string, report: string, options: string[]): Promise<Outcome> {
  const settings = ['--config', 'test/vitest.config.ts', '--project', name, ...options]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { status } = await run('vitest', ['run', ...settings, ...reporters])
  return withStatus(readReport(report), status)
}

function judged(status: number): Outcome {
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** A run can fail with every test passed: a coverage threshold, an unhandled rejection, a file that did not load. */
function withStatus(outcome: Outcome, status: number): Outcome {
  return status !== 0 && outcome.failed === 0 ? { ...outcome, failed: 1 } : outcome
}

function readReport(path: string): Outcome {
  const report: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const count = (field: string): number => {
    const value = typeof report === 'object' && report !== null ? Reflect.get(report, field) : undefined
    if (typeof value !== 'number') throw new TypeError(`no ${field} in the report of vitest`)
    return value
  }
  return {
    passed: count('numPassedTests'),
    failed: count('numFailedTests'),
    skipped: count('numPendingTests') + count('numTodoTests'),
  }
}

/** Resolves with the exit status, and with what was printed if that is captured (it is shown all the same). */
export function run(
  command: string,
  options: string[],
  capture = false,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, options, { stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'] })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      process.stdout.write(chunk)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal) console.error(`${command} was ended by ${signal}`)
      resolve({ status: code ?? 1, output })
    })
  })
}
