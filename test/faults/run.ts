/**
 * Plants every fault of `faults.ts` in a copy of the project, where its test, or the simulator, must notice it.
 * Prints fault, what caught it, after how many schedules. `--only TEXT` plants those whose name has the text. `notes`
 * plants one for each field note instead, most of which take a browser: `npm run test:faults -- notes`; so many minutes
 * are not for every run. `notes 8 23` plants those of these notes.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bySimulator, byTest, firstRed, type Ran, runTests, type Verdict } from './catchers.ts'
import { endAll } from './children.ts'
import { type Copy, makeCopy } from './copy.ts'
import type { Fault, NamedTest } from './fault.ts'
import { faults } from './faults.ts'
import { noteFaults } from './notes.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const { values, positionals } = parseArgs({
  options: { only: { type: 'string', default: '' } },
  allowPositionals: true,
})
const [set, ...numbers] = positionals
if (set !== undefined && set !== 'notes')
  throw new RangeError(`there are no faults called ${set}, only notes`)
const waiting = (set === 'notes' ? noteFaults : faults).filter(
  ({ name, caughtBy }) => name.includes(values.only) && isOf(numbers, caughtBy),
)
const tests = waiting.flatMap(({ caughtBy }) => (caughtBy === 'simulator' ? [] : [caughtBy]))
const copies: Copy[] = []
let passed = 0
let failed = 0

process.once('exit', () => {
  endAll()
  for (const copy of copies) copy.remove()
})
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(status))
}

/** Whether what catches it is one of the notes asked for, or none was. */
function isOf(numbers: readonly string[], caughtBy: Fault['caughtBy']): boolean {
  if (numbers.length === 0) return true
  return caughtBy !== 'simulator' && numbers.includes(caughtBy.test.split('.', 1)[0] ?? '')
}

function tell(name: string, { isCaught, how }: Verdict): void {
  if (isCaught) passed++
  else failed++
  console.log(`${isCaught ? 'caught' : 'FAILED'}  ${name.padEnd(60)} ${how}`)
}

async function judge(copy: Copy, fault: Fault, soundly: (test: NamedTest) => Ran): Promise<Verdict> {
  const { caughtBy } = fault
  if (caughtBy === 'simulator') {
    return bySimulator(await broken(copy, fault, () => firstRed(copy.root)), copy.root)
  }
  const { status } = soundly(caughtBy)
  if (status !== 'passed') return { isCaught: false, how: `${caughtBy.test}: ${status} without the fault` }
  return broken(copy, fault, () => byTest(copy.root, caughtBy))
}

async function broken<T>(copy: Copy, fault: Fault, look: () => Promise<T>): Promise<T> {
  const mend = copy.plant(fault)
  try {
    return await look()
  } finally {
    mend()
  }
}

async function work(copy: Copy, soundly: (test: NamedTest) => Ran): Promise<void> {
  for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
    try {
      tell(fault.name, await judge(copy, fault, soundly))
    } catch (error) {
      tell(fault.name, { isCaught: false, how: String(error) })
    }
  }
}

const [one, other] = [makeCopy(project), makeCopy(project)]
copies.push(one, other)
const notRun = (): Ran => ({ status: 'not run', said: '' })
const soundly = tests.length === 0 ? notRun : await runTests(one.root, tests)
await Promise.all([work(one, soundly), work(other, soundly)])
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
