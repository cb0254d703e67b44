/** Speed, beside the peers: `npm run bench`. See README.md in this folder. */
import { parseArgs } from 'node:util'
import { launchChromium } from '../engines/drivers/chromium.ts'
import { launchFirefox } from '../engines/drivers/firefox.ts'
import { makeFolder, removeFolder } from '../engines/drivers/processes.ts'
import { launchWebKit } from '../engines/drivers/webkit.ts'
import { type Launch, until } from '../engines/engine.ts'
import { type EngineName, engineNames } from '../tools/engines.ts'
import { CheckError, measure } from './measure.ts'
import { printFigures, printTargets, verdictsOf } from './report.ts'
import { serveBench } from './site.ts'
import type { Measured } from './work.ts'

const launches: Readonly<Record<EngineName, Launch>> = {
  chromium: launchChromium,
  firefox: launchFirefox,
  webkit: launchWebKit,
}

const { values } = parseArgs({
  options: {
    browser: { type: 'string', default: 'chromium' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
  },
})

const engine = engineNames.find((name) => name === values.browser)
if (engine === undefined)
  throw new RangeError(`no browser ${values.browser}; there are ${engineNames.join(', ')}`)
const rounds = values.smoke ? 1 : Number(values.rounds)
const scale = values.smoke ? 0.002 : Number(values.scale)
const wanted = values.only?.split(',')

const measured: Measured[] = []
const profile = makeFolder()
const site = await serveBench()
const browser = await launches[engine]({ profile, isPrivate: false })
try {
  const tab = await browser.open(`${site.url}/`)
  await until(
    () => tab.evaluate(() => (typeof bench === 'object' ? true : undefined)),
    'the page of the bench to be ready',
  )
  const begun = (what: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`)
  }
  for (const work of await tab.evaluate(() => bench.works())) {
    if (wanted && !wanted.includes(work.id)) continue
    const done = await measure(tab, work, { rounds, scale, begun })
    measured.push(done)
    if (!values.json) printFigures([done])
  }
  if (values.json) {
    const targets = measured.flatMap(verdictsOf)
    console.log(JSON.stringify({ browser: browser.version, rounds, measured, targets }, undefined, 2))
  } else {
    printTargets(measured)
    console.log(`${browser.version}, ${rounds} rounds`)
  }
} catch (error) {
  if (!(error instanceof CheckError)) throw error
  console.error(`\nA result is wrong: ${error.message}`)
  process.exitCode = 1
} finally {
  await browser.kill()
  await site.close()
  removeFolder(profile)
}
