import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Outcome, run } from './steps.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** Keeps Chromium off the network and usable as root. */
export const chromiumArgs: string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The path of the machine's Chromium, or `undefined` where there is none. `CHROMIUM` names another one. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM
  if (named) return named
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

/** Finds Chromium, or installs it where this process may; rejects, saying what to do, where it may not. */
export async function ensureChromium(): Promise<Outcome> {
  const found = findChromium() ?? (await installChromium())
  if (!found) {
    throw new Error(
      'Chromium is missing, and the browser tests need it: install it (Debian: apt-get install chromium), ' +
        'or set CHROMIUM to the path of its program',
    )
  }
  console.log(found)
  return { passed: 1, failed: 0, skipped: 0 }
}

async function installChromium(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return undefined
  const apt = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q']
  const updated = await run('env', [...apt, 'update'])
  if (updated.status === 0) await run('env', [...apt, 'install', '-y', '--no-install-recommends', 'chromium'])
  return findChromium()
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
