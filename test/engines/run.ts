/**
 * What every engine must do, in all of them: `node test/engines/run.ts`. With `--browser firefox` in that one, with
 * `--repeat 10` so many times in a row, with `--suite storage` only the suites whose names begin so.
 */
import { parseArgs } from 'node:util'
import { type EngineName, engineNames } from '../tools/engines.ts'
import { launchChromium } from './drivers/chromium.ts'
import { launchFirefox } from './drivers/firefox.ts'
import { launchWebKit } from './drivers/webkit.ts'
import { launchPrivateWebKit } from './drivers/webkit-private.ts'
import type { Launch } from './engine.ts'
import { type EngineReport, runEngine } from './plan.ts'
import { printReport } from './report.ts'

const launches: Readonly<Record<EngineName, Launch>> = {
  chromium: launchChromium,
  firefox: launchFirefox,
  webkit: (options) => (options.isPrivate ? launchPrivateWebKit(options) : launchWebKit(options)),
}

const { values } = parseArgs({
  options: {
    browser: { type: 'string', multiple: true, default: [...engineNames] },
    repeat: { type: 'string', default: '1' },
    suite: { type: 'string', multiple: true, default: [''] },
  },
})

function named(given: string): EngineName {
  const name = engineNames.find((each) => each === given)
  if (name === undefined) throw new RangeError(`no engine ${given}; there are ${engineNames.join(', ')}`)
  return name
}

/** What cannot even be set up fails, by its name. */
async function reportOf(name: EngineName): Promise<EngineReport> {
  try {
    return await runEngine({ name, launch: launches[name] }, values.suite)
  } catch (error) {
    const result = { name, ms: 0, error: error instanceof Error ? error.message : String(error) }
    return { engine: name, version: '', suites: [{ suite: 'set up', results: [result] }], seconds: 0 }
  }
}

const engines = values.browser.map(named)
const rounds = Number(values.repeat)
if (!Number.isSafeInteger(rounds) || rounds < 1)
  throw new RangeError(`--repeat ${values.repeat} is no number`)
const total = { passed: 0, failed: 0 }
for (let round = 1; round <= rounds; round += 1) {
  const reports: EngineReport[] = []
  for (const name of engines) reports.push(await reportOf(name))
  const { passed, failed } = printReport(reports)
  total.passed += passed
  total.failed += failed
  if (rounds > 1) console.log(`round ${round} of ${rounds}: ${passed} passed, ${failed} failed`)
}
if (total.passed + total.failed === 0) total.failed = 1
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
