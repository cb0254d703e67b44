/** Speed, beside the peers: `npm run bench`. See README.md in this folder. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { engineNames } from '../tools/engines.ts'
import { printCharts, svgOf } from './chart.ts'
import { measureGrowth } from './growth.ts'
import { CheckError, measure } from './measure.ts'
import { outside } from './outside.ts'
import { printProfiles } from './profile.ts'
import { printReceiver } from './receiver.ts'
import { printFigures, printTargets, verdictsOf } from './report.ts'
import { startSession } from './session.ts'
import type { Measured } from './work.ts'

const { values } = parseArgs({
  options: {
    browser: { type: 'string', default: 'chromium' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
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
const wanted = values.only?.split(',')
const isWanted = (id: string): boolean => wanted === undefined || wanted.includes(id)

const measured: Measured[] = []
const keep = (done: Measured | undefined): void => {
  if (done === undefined) return
  measured.push(done)
  if (!values.json) printFigures([done])
}
const begun = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`)
}

if (values.receiver) {
  await printReceiver(scale)
  process.exit()
}
const session = await startSession(engine, values.profile)
try {
  const tab = await session.open()
  if (values.profile) await printProfiles(session, tab, wanted ?? [], scale)
  for (const work of values.profile || values.growth ? [] : await tab.evaluate(() => bench.works('table'))) {
    if (isWanted(work.id)) keep(await measure(tab, work, { rounds, scale, begun }))
  }
  if (values.growth) {
    for await (const done of measureGrowth(session, tab, { rounds, scale, isWanted, begun })) keep(done)
  }
  for (const work of values.smoke || values.growth || values.profile ? [] : outside) {
    if (isWanted(work.id)) keep(await work.measure(session, tab, { rounds, scale }))
  }
  if (values.json) {
    const targets = measured.flatMap(verdictsOf)
    console.log(JSON.stringify({ browser: session.version, rounds, measured, targets }, undefined, 2))
  } else if (values.profile) {
    console.log(session.version)
  } else if (values.growth) {
    printCharts(measured)
    if (values.chart !== undefined) writeFileSync(values.chart, svgOf(measured))
  } else {
    printTargets(measured)
    console.log(`${session.version}, ${rounds} rounds. P11: npm run test:soak -- --reclaim`)
  }
} catch (error) {
  if (!(error instanceof CheckError)) throw error
  console.error(`\nA result is wrong: ${error.message}`)
  process.exitCode = 1
} finally {
  await session.end()
}
