import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

const always = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * What starts Chromium with DevTools, off the network and usable as root. Its first page is an empty one: the page for
 * new tabs loads for a second and changes its process, and Playwright connects only once every page has answered.
 */
export function chromiumArgs(profile: string, more: readonly string[] = []): string[] {
  return [...always, `--user-data-dir=${profile}`, ...more, 'about:blank']
}

/** The path of the machine's Chromium, or `undefined` where there is none. `CHROMIUM` names another one. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM
  if (named) return named
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
