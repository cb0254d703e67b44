/** The receiver on SQLite, beside what the database can do with the same rows. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { acksEach } from './receiver/batches.ts'
import { inFlight, overHttp } from './receiver/over-http.ts'
import type { Told } from './receiver/process.ts'
import type { SideName } from './receiver/sides.ts'
import { median, rangeOf, short, spreadOf } from './report.ts'

export interface ReceiverOptions {
  readonly rounds: number
  /** The share of the devices. */
  readonly scale: number
  readonly isJson: boolean
}

const program = fileURLToPath(new URL('receiver/process.ts', import.meta.url))
const http = `receiver over HTTP, ${inFlight} at once`
const names = ['receiver', 'rows and marks', 'rows alone', http] as const
type Name = SideName | typeof http

/** What one round of one side came to: milliseconds and bytes. */
interface Round {
  readonly acksPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly heap: number
  readonly rss: number
  readonly peakRss: number
}

/** A thousand devices tell a thousand finishes each: how fast, in how much memory, how long the slowest waits. */
export async function printReceiver({ rounds: asked, scale, isJson }: ReceiverOptions): Promise<void> {
  const devices = Math.max(2, Math.round(1_000 * scale))
  const rounds = Math.min(asked, 3)
  const measured = await measureSides(devices, rounds)
  const shares = (name: Name): number[] =>
    ratesOf(measured, 'receiver').map((rate, round) => rate / (ratesOf(measured, name)[round] ?? Number.NaN))
  if (isJson) {
    const shareOf = { 'rows and marks': shares('rows and marks'), 'rows alone': shares('rows alone') }
    const sides = Object.fromEntries(measured)
    console.log(
      JSON.stringify({ node: process.version, devices, acksEach, rounds, sides, shareOf }, undefined, 2),
    )
    return
  }
  console.log(
    `The receiver on SQLite: ${devices} devices, ${acksEach} acknowledgements each, Node ${process.version}, ${rounds} rounds`,
  )
  for (const [name, each] of measured) printSide(name, each)
  for (const name of ['rows and marks', 'rows alone'] as const) {
    const spread = spreadOf(shares(name))
    if (spread) console.log(`    share of the rate of ${name}: ${short(spread.median)}    ${rangeOf(spread)}`)
  }
}

/** Each side in a process of its own; whoever begins one round last in the next. */
async function measureSides(devices: number, rounds: number): Promise<ReadonlyMap<Name, readonly Round[]>> {
  const measured = new Map<Name, Round[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured.get(name)?.push(await measureSide(name, devices))
    }
  }
  return measured
}

async function measureSide(name: Name, devices: number): Promise<Round> {
  if (name === http) {
    const { ms, ...told } = await overHttp(program, devices)
    return roundOf(told, ms, devices)
  }
  const args = ['--expose-gc', program, name, String(devices)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1_048_576 })
  // The wire of our own process.
  const told: Told = JSON.parse(stdout)
  return roundOf(
    told,
    told.times.reduce((sum, each) => sum + each, 0),
    devices,
  )
}

function roundOf({ times, heap, rss, peakRss }: Told, ms: number, devices: number): Round {
  const sorted = [...times].sort((a, b) => a - b)
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
  return { acksPerSecond: (devices * acksEach * 1_000) / ms, p50: median(times), p99, heap, rss, peakRss }
}

function ratesOf(measured: ReadonlyMap<Name, readonly Round[]>, name: Name): number[] {
  return (measured.get(name) ?? []).map(({ acksPerSecond }) => acksPerSecond)
}

function printSide(name: string, rounds: readonly Round[]): void {
  const spread = spreadOf(rounds.map(({ acksPerSecond }) => acksPerSecond))
  if (spread === undefined) return
  const middle = (what: keyof Round): number => median(rounds.map((round) => round[what]))
  const inMegabytes = (what: keyof Round): string => short(middle(what) / 1e6)
  console.log(
    `    ${name.padEnd(30)}${short(spread.median).padStart(9)} acks/s (${rangeOf(spread)})` +
      `    a request p50 ${short(middle('p50'))}, p99 ${short(middle('p99'))} ms` +
      `    MB after gc: heap ${inMegabytes('heap')}, RSS ${inMegabytes('rss')}; peak RSS ${inMegabytes('peakRss')}`,
  )
}
