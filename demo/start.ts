/** `npm run demo`: a site, an API on a second port, a Worker behind it, and a tour of ten seconds in the terminal. */
import { once } from 'node:events'
import { parseArgs, styleText } from 'node:util'
import { startEdge } from './edge/start.ts'
import { startServers } from './server/start.ts'
import { holds } from './tour/checks.ts'
import { progressLine, tableOf } from './tour/terminal.ts'
import { runTour, total } from './tour/tour.ts'

const usage = `npm run demo -- [options]

  --once            exit after the tour; the status says whether every count was right
  --port PORT       the site's port (default 4180, or a free one if that is taken; 0: a free one)
  --api-port PORT   the API's port (default 4181, or a free one if that is taken; 0: a free one)
  --data DIR        keep the API's files and database there (default: a temporary folder)
  --release NAME    another one than the last time, and pages that are still open offer an update (default 1)
  --help            show this`

interface Arguments {
  readonly once: boolean
  readonly help: boolean
  readonly port: number | undefined
  readonly apiPort: number | undefined
  readonly data: string | undefined
  readonly release: string | undefined
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      port: { type: 'string' },
      'api-port': { type: 'string' },
      data: { type: 'string' },
      release: { type: 'string' },
    },
  })
  const { once: isOnce, help, data, release } = values
  return { once: isOnce, help, data, release, port: portOf(values.port), apiPort: portOf(values['api-port']) }
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new RangeError(`Cannot listen: "${text}" is no port`)
}

async function main(given: Arguments, stop: AbortSignal): Promise<void> {
  const { port, apiPort, data, release } = given
  const servers = await startServers({ port, apiPort, dataDir: data, release, edge: startEdge })
  // Uploads over the loopback would be done before anybody sees them.
  servers.weather.set({ latencyMs: 400 })
  try {
    console.log(`\n  ${styleText('bold', 'Holdfast')}  ${styleText(['cyan', 'underline'], servers.siteUrl)}`)
    console.log(styleText('gray', `  API ${servers.apiUrl} · its files in ${servers.dataDir}\n`))
    console.log(
      `  A tour meanwhile: ${total} uploads from a queue in memory; a third fails at first, one is refused`,
    )
    console.log('  for good, and the API is down in the middle.\n')
    await tour(servers, stop)
    if (given.once) return
    console.log(`\n  Your turn: ${styleText(['cyan', 'underline'], servers.siteUrl)}   (Ctrl-C stops)\n`)
    if (!stop.aborted) await once(stop, 'abort')
  } finally {
    await servers.close()
  }
}

async function tour(servers: Awaited<ReturnType<typeof startServers>>, stop: AbortSignal): Promise<void> {
  const line = progressLine(process.stdout)
  const result = await runTour(servers, line.show, stop).finally(line.end)
  console.log(`\n${tableOf(result)}\n`)
  const wrong = result.checks.filter((check) => !holds(check)).length
  if (wrong > 0) process.exitCode = 1
  console.log(
    wrong === 0
      ? styleText('green', '  Every count is right.')
      : styleText('red', `  ${wrong} counts are off.`),
  )
}

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

try {
  const given = readArguments()
  if (given.help) console.log(usage)
  else await main(given, stopping.signal)
} catch (error) {
  if (stopping.signal.aborted) console.log('\n  Stopped.')
  else console.error(error instanceof Error ? error.message : error)
  process.exitCode = stopping.signal.aborted ? 130 : 1
}
