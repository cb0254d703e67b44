/** The engines that the tests run in: where each is, and how it gets onto a machine that has none. */
import { accessSync, constants, existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findChromium } from './chromium.ts'
import { type Outcome, run } from './steps.ts'

export const engineNames = ['chromium', 'firefox', 'webkit'] as const
export type EngineName = (typeof engineNames)[number]

/** The programs of one engine, by what they are for. */
export interface Programs {
  readonly chromium: { readonly browser: string }
  readonly firefox: { readonly browser: string }
  readonly webkit: { readonly browser: string; readonly driver: string; readonly display: string }
}

interface Engine<Found> {
  readonly title: string
  /** What Debian calls it. */
  readonly packages: readonly string[]
  /** How to say where it is, for machines that have it elsewhere. */
  readonly otherwise: string
  readonly find: () => Found | undefined
}

const engines: { readonly [Name in EngineName]: Engine<Programs[Name]> } = {
  chromium: {
    title: 'Chromium',
    packages: ['chromium'],
    otherwise: 'set CHROMIUM to the path of its program',
    find: () => found({ browser: findChromium() }),
  },
  firefox: {
    title: 'Firefox',
    packages: ['firefox-esr'],
    otherwise: 'set FIREFOX to the path of its program',
    find: () => found({ browser: process.env.FIREFOX || onPath('firefox-esr', 'firefox') }),
  },
  webkit: {
    title: 'WebKitGTK',
    packages: ['webkit2gtk-driver', 'xvfb'],
    otherwise: 'set WEBKIT to the path of its MiniBrowser, and have WebKitWebDriver and Xvfb in PATH',
    find: () =>
      found({
        browser: process.env.WEBKIT || miniBrowser(),
        driver: onPath('WebKitWebDriver'),
        display: onPath('Xvfb'),
      }),
  },
}

/** How people call it. */
export const titleOf = (name: EngineName): string => engines[name].title

/** Where an engine is; installs it where this process may. @throws Error naming it, and saying what to do. */
export async function ensureEngine<Name extends EngineName>(name: Name): Promise<Programs[Name]> {
  const { title, packages, otherwise, find } = engines[name]
  const programs = find() ?? (await install(packages, find))
  if (programs) return programs
  throw new Error(
    `${title} is missing, and the tests in browsers need it: install it ` +
      `(Debian: apt-get install ${packages.join(' ')}), or ${otherwise}`,
  )
}

/** Finds or installs every engine, so that tests need not; each that cannot be had is one failure, by its name. */
export async function ensureEngines(): Promise<Outcome> {
  const outcome = { passed: 0, failed: 0, skipped: 0 }
  for (const name of engineNames) {
    try {
      console.log(`${name}: ${Object.values(await ensureEngine(name)).join(', ')}`)
      outcome.passed += 1
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : error}`)
      outcome.failed += 1
    }
  }
  return outcome
}

async function install<Found>(
  packages: readonly string[],
  find: () => Found | undefined,
): Promise<Found | undefined> {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return undefined
  // Patient, since another test run may be installing as well.
  const apt = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300']
  const updated = await run('env', [...apt, 'update'])
  if (updated.status !== 0) return undefined
  await run('env', [...apt, 'install', '-y', '--no-install-recommends', ...packages])
  return find()
}

/** All of them, or nothing. */
function found<Name extends string>(
  programs: Record<Name, string | undefined>,
): Record<Name, string> | undefined {
  const isComplete = (given: Record<Name, string | undefined>): given is Record<Name, string> =>
    Object.values(given).every((path) => path !== undefined)
  return isComplete(programs) ? programs : undefined
}

function onPath(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

/** It lies in a folder named for the machine and for the version of its API. */
function miniBrowser(): string | undefined {
  const folders = ['/usr/lib/*', '/usr/lib', '/usr/libexec']
  return globSync(folders.map((folder) => `${folder}/webkit2gtk-4.*/MiniBrowser`)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
