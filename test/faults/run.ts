/**
 * Plants every fault of `faults.ts` in a copy of the project, where its test, or the simulator, must notice it.
 * Prints fault, what caught it, after how many schedules. `--only TEXT` plants those whose name has the text.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bySimulator, byTest, firstRed, runTests, type Verdict } from './catchers.ts'
import { endAll } from './children.ts'
import { type Copy, makeCopy } from './copy.ts'
import type { Fault, NamedTest } from './fault.ts'
import { faults } from './faults.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const waiting = faults.filter(({ name }) => name.includes(values.only))
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

function tell(name: string, { isCaught, how }: Verdict): void {
  if (isCaught) passed++
  else failed++
  console.log(`${isCaught ? 'caught' : 'MISSED'}  ${name.padEnd(60)} ${how}`)
}

async function judge(copy: Copy, fault: Fault, soundly: (test: NamedTest) => string): Promise<Verdict> {
  const { caughtBy } = fault
  if (caughtBy === 'simulator') {
    return bySimulator(await broken(copy, fault, () => firstRed(copy.root)), copy.root)
  }
  const sound = soundly(caughtBy)
  if (sound !== 'passed') return { isCaught: false, how: `${caughtBy.test}: ${sound} without the fault` }
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

async function work(copy: Copy, soundly: (test: NamedTest) => string): Promise<void> {
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
const soundly = tests.length === 0 ? () => 'not run' : await runTests(one.root, tests)
await Promise.all([work(one, soundly), work(other, soundly)])
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
