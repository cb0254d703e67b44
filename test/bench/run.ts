/** Speed, beside the peers: `npm run bench`. See README.md in this folder. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Tab } from '../engines/engine.ts'
import { engineNames } from '../tools/engines.ts'
import { printCharts, svgOf } from './chart.ts'
import { curves, measureGrowth } from './growth.ts'
import { markdownOf } from './markdown.ts'
import { CheckError, measure } from './measure.ts'
import { outside, unmeasured } from './outside.ts'
import { printProfiles } from './profile.ts'
import { printReceiver } from './receiver.ts'
import { printFigures, printTargets, verdictsOf } from './report.ts'
import { type Session, startSession } from './session.ts'
import type { Measured } from './work.ts'

const { values } = parseArgs({
  options: {
    browser: { type: 'string', default: 'chromium' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    chart: { type: 'string' },
    profile: { type: 'boolean', default: false },
    receiver: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
  },
})

const engine = engineNames.find((name) => name === values.browser)
if (engine === undefined)
  throw new RangeError(`no browser ${values.browser}; there are ${engineNames.join(', ')}`)
const rounds = values.smoke ? 1 : Number(values.rounds)
const scale = values.smoke ? 0.001 : Number(values.scale)
/** What is printed as it comes, and not as a whole in the end. */
const isTold = !values.json && !values.markdown
const only = values.only?.split(',')

/** Those that were asked for, or all. @throws RangeError for one that does not exist: a typing error is no success. */
function wantedOf(ids: readonly string[]): readonly string[] {
  const unknown = only?.find((id) => !ids.includes(id))
  if (unknown !== undefined) throw new RangeError(`there is no ${unknown}; there are ${ids.join(', ')}`)
  return only ?? ids
}

function begun(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`)
}

/** What went wrong in one work from outside costs the run its end, but not the table. */
function tell(error: unknown): undefined {
  console.error(error instanceof CheckError ? `\nA result is wrong: ${error.message}` : error)
  process.exitCode = 1
}

/** Everything that was measured so far, and what prints it as it comes. */
function collector() {
  const measured: Measured[] = []
  const keep = (done: Measured): void => {
    measured.push(done)
    if (isTold) printFigures([done], rounds)
  }
  return { measured, keep }
}

async function measureCurves(session: Session, tab: Tab): Promise<readonly Measured[]> {
  const wanted = wantedOf(curves)
  const { measured, keep } = collector()
  const isWanted = (id: string): boolean => wanted.includes(id)
  for await (const done of measureGrowth(session, tab, { rounds, scale, isWanted, begun })) keep(done)
  return measured
}

async function measureTable(session: Session, tab: Tab): Promise<readonly Measured[]> {
  const works = await tab.evaluate(() => bench.works('table'))
  const wanted = wantedOf([...works, ...outside].map(({ id }) => id))
  const { measured, keep } = collector()
  for (const work of works.filter(({ id }) => wanted.includes(id))) {
    keep(await measure(tab, work, { rounds, scale, begun }))
  }
  for (const work of outside.filter(({ id }) => wanted.includes(id))) {
    begun(work.id)
    // A few jobs say nothing of these, and take them minutes.
    const outcome = values.smoke ? undefined : await work.measure(session, tab, { rounds, scale }).catch(tell)
    keep({ ...unmeasured(work), ...outcome })
  }
  return measured
}

function print(session: Session, measured: readonly Measured[]): void {
  const head = `${session.version}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}${scale === 1 ? '' : `, with ${scale} of the jobs`}`
  if (values.json) {
    const targets = measured.flatMap(verdictsOf)
    console.log(JSON.stringify({ browser: session.version, rounds, scale, measured, targets }, undefined, 2))
  } else if (values.markdown) {
    console.log(`${head}\n\n${markdownOf(measured)}`)
  } else if (values.growth) {
    printCharts(measured)
    if (values.chart !== undefined) writeFileSync(values.chart, svgOf(measured))
  } else {
    printTargets(measured, rounds)
    console.log(head)
  }
}

async function runInBrowser(session: Session): Promise<void> {
  const tab = await session.open()
  if (isTold) console.log(`${session.version}${scale === 1 ? '' : `, with ${scale} of the jobs`}`)
  if (values.profile) {
    const works = await tab.evaluate(() => bench.works('table'))
    await printProfiles(session, tab, wantedOf(works.map(({ id }) => id)), scale)
  } else print(session, await (values.growth ? measureCurves : measureTable)(session, tab))
}

if (values.receiver) {
  await printReceiver({ rounds, scale, isJson: values.json })
} else {
  const session = await startSession(engine, values.profile)
  try {
    await runInBrowser(session)
  } catch (error) {
    if (!(error instanceof CheckError)) throw error
    console.error(`\nA result is wrong: ${error.message}`)
    process.exitCode = 1
  } finally {
    await session.end()
  }
}
