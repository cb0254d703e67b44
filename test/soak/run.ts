/**
 * Three tabs and a service worker at work in Chromium while everything goes wrong, for a minute: `npm run test:soak`. With
 * `--minutes 10` for so long, with `--seed 7` the same faults again, with `--only kill,crash` none but these. Then ten tabs
 * crash in mid-job, and it is told how soon the job ran elsewhere. `--reclaim` does that alone, and judges it: half a second
 * in the middle, two at the most.
 */
import { parseArgs } from 'node:util'
import type { Waived } from './oracle/evidence.ts'
import { measureReclaims } from './reclaim.ts'
import { type FaultKind, faultKinds } from './record.ts'
import { soak } from './soak.ts'
import { summary } from './summary.ts'

const most = { medianMs: 500, maxMs: 2_000 }

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string' },
    reclaim: { type: 'boolean', default: false },
  },
})

function numberOf(option: string, given: string): number {
  const number = Number(given)
  if (!(number > 0)) throw new RangeError(`--${option} ${given} is no number above 0`)
  return number
}

function kindsOf(given: string | undefined): readonly FaultKind[] {
  if (given === undefined) return faultKinds
  const names = given.split(',')
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name))
  if (unknown !== undefined) throw new RangeError(`--only ${unknown} is none of ${faultKinds.join(', ')}`)
  return faultKinds.filter((kind) => names.includes(kind))
}

const nothing: Waived = { drops: 0, jobs: 0 }
let waivedInSoak = nothing

/** Resolves to what was found wrong. */
async function runSoak(): Promise<readonly string[]> {
  const minutes = numberOf('minutes', values.minutes)
  const seed = values.seed === undefined ? Math.ceil(Math.random() * 1e9) : numberOf('seed', values.seed)
  console.log(`${minutes} min of faults, seed ${seed}`)
  const { findings, figures, waived } = await soak({ seed, minutes, kinds: kindsOf(values.only) }, (line) =>
    console.log(line),
  ).catch((error: unknown) => ({
    findings: [error instanceof Error ? `${error.message}\n${error.stack}` : String(error)],
    figures: {},
    waived: nothing,
  }))
  waivedInSoak = waived
  for (const [figure, count] of Object.entries(figures))
    console.log(`${String(count).padStart(8)}  ${figure}`)
  if (findings.length > 0) console.error(`again: npm run test:soak -- --minutes ${minutes} --seed ${seed}`)
  return findings
}

/** Whether it was in time is for `--reclaim` alone: no machine is to fail a test for being busy. */
async function runReclaims(): Promise<readonly string[]> {
  const { each, medianMs, maxMs } = await measureReclaims(10)
  console.log(`${each.length} jobs of crashed tabs ran elsewhere after ${each.join(', ')} ms`)
  console.log(`median ${medianMs} ms, longest ${maxMs} ms`)
  const isLate = medianMs > most.medianMs || maxMs > most.maxMs
  return values.reclaim && isLate ? [`later than ${most.medianMs} ms in the middle, or ${most.maxMs} ms`] : []
}

const tests = values.reclaim ? [runReclaims] : [runSoak, runReclaims]
let failed = 0
for (const test of tests) {
  const findings = await test().catch((error: unknown) => [String(error)])
  for (const finding of findings.slice(0, 20)) console.log(`FAILED  ${finding}`)
  if (findings.length > 20) console.log(`FAILED  and ${findings.length - 20} more`)
  if (findings.length > 0) failed += 1
}
console.log(summary(tests.length - failed, failed, waivedInSoak))
process.exit(failed > 0 ? 1 : 0)
