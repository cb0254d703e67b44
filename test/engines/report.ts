import { titleOf } from '../tools/engines.ts'
import type { EngineReport } from './plan.ts'

export interface Totals {
  readonly passed: number
  readonly failed: number
}

/** Prints a table of engines and suites, then each failure by engine, suite and case. */
export function printReport(reports: readonly EngineReport[]): Totals {
  const suites = [...new Set(reports.flatMap((report) => report.suites.map(({ suite }) => suite)))]
  const row = (...cells: string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(28) : cell.padStart(14))).join('')
  console.log(`\n${row('', ...reports.map(({ engine }) => titleOf(engine)))}`)
  for (const suite of suites) console.log(row(suite, ...reports.map((report) => cellOf(report, suite))))
  console.log(row('seconds', ...reports.map(({ seconds }) => seconds.toFixed(1))))
  for (const { version } of reports) if (version !== '') console.log(version)
  for (const failure of failuresOf(reports)) console.log(`FAILED  ${failure}`)
  const outcomes = reports.flatMap((report) => report.suites.flatMap(({ results }) => results))
  const failed = outcomes.filter(({ error }) => error !== undefined).length
  return { passed: outcomes.length - failed, failed }
}

/** How many cases passed, of how many if not all did. */
function cellOf(report: EngineReport, suite: string): string {
  const results = report.suites.find((each) => each.suite === suite)?.results
  if (results === undefined) return '–'
  const passed = results.filter(({ error }) => error === undefined).length
  return passed === results.length ? String(passed) : `${passed} of ${results.length}`
}

function failuresOf(reports: readonly EngineReport[]): string[] {
  return reports.flatMap(({ engine, suites }) =>
    suites.flatMap(({ suite, results }) =>
      results.flatMap(({ name, error }) =>
        error === undefined ? [] : `${engine} › ${suite} › ${name}: ${error}`,
      ),
    ),
  )
}
