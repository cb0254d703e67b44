/** Everything that has to hold, step by step: `npm test`, or `npm test -- unit check:lint` for some steps. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureEngines } from './engines.ts'
import { countedCommand, npmScript, type Outcome, vitestProject } from './steps.ts'

interface Step {
  name: string
  /** What only prepares the ground counts for nothing unless it fails; every other step must run at least one test. */
  preparation?: true
  run: () => Promise<Outcome>
}

const reports = mkdtempSync(join(tmpdir(), 'holdfast-'))
const checks = ['check:format', 'check:lint', 'check:types', 'check:package', 'check:unused', 'check:size']
const project = (name: string, ...options: string[]): Step => ({
  name,
  run: () => vitestProject(name, join(reports, `${name}.json`), options),
})

const steps: Step[] = [
  { name: 'browsers', preparation: true, run: ensureEngines },
  { name: 'build', preparation: true, run: () => npmScript('build') },
  ...checks.map((name) => ({ name, run: () => npmScript(name) })),
  project('types'),
  project('unit', '--coverage'),
  project('conformance'),
  { name: 'engines', run: () => countedCommand('node', ['test/engines/run.ts']) },
  project('simulation'),
  { name: 'faults', run: () => countedCommand('node', ['test/faults/run.ts']) },
  project('runtime'),
  project('browser'),
  { name: 'soak', run: () => countedCommand('node', ['test/soak/run.ts']) },
  project('field-notes'),
]

async function outcomeOf(step: Step): Promise<Outcome> {
  const outcome = await step.run().catch((error: unknown): Outcome => {
    const message = error instanceof Error ? error.message : String(error)
    console.error(message)
    return { passed: 0, failed: 1, skipped: 0, failures: [message] }
  })
  if (step.preparation) return { ...outcome, passed: 0 }
  if (outcome.passed + outcome.failed > 0) return outcome
  console.error(`${step.name} ran no test`)
  return { ...outcome, failed: 1 }
}

function chosen(names: string[]): Step[] {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    throw new RangeError(
      `no step ${unknown.join(', ')}; there are ${steps.map((step) => step.name).join(', ')}`,
    )
  }
  return names.length === 0 ? steps : steps.filter((step) => names.includes(step.name))
}

const total: Outcome = { passed: 0, failed: 0, skipped: 0 }
const lines: string[] = []
const failures: string[] = []
for (const step of chosen(process.argv.slice(2))) {
  console.log(`\n── ${step.name}`)
  const startedAt = performance.now()
  const { passed, failed, skipped, failures: named = [] } = await outcomeOf(step)
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const counts = [passed, failed, skipped].map((count) => String(count).padStart(8)).join('')
  lines.push(`${step.name.padEnd(20)}${counts}${seconds.padStart(9)} s`)
  if (failed > 0)
    failures.push(...(named.length > 0 ? named : ['failed']).map((each) => `${step.name}: ${each}`))
}
rmSync(reports, { recursive: true, force: true })

console.log(`\n${'step'.padEnd(20)}  passed  failed skipped       time\n${lines.join('\n')}\n`)
for (const failure of failures) console.log(`FAILED  ${failure}`)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 ? 1 : 0
