import { execFileSync } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Tab } from '../engine.ts'
import { type Group, lineOf, startGroup } from './processes.ts'
import { type Windows, windowsOf } from './windows.ts'

/** A screen that nobody sees. */
export interface Display {
  readonly group: Group
  readonly name: string
  readonly windows: Windows
}

/** Starts a screen at a number that it finds free by itself. */
export async function startDisplay(program: string): Promise<Display> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp']
  const group = startGroup(program, args, {}, ['ignore', 'ignore', 'ignore', 'pipe'])
  try {
    const number = await lineOf(group.child.stdio[3] as Readable | null, /^(\d+)$/)
    const name = `:${number}`
    return { group, name, windows: windowsOf(name) }
  } catch (error) {
    await group.kill()
    throw error
  }
}

/** What a tab of WebKitGTK does by its screen. It takes the machine's routes for the network: no tab can be taken off it. */
export function inWindow({ hide, show }: Windows): Pick<Tab, 'hide' | 'show' | 'setOffline'> {
  return { hide, show, setOffline: async () => false }
}

/** Where WebKitGTK looks for the screen, and keeps what it keeps. */
export function webkitEnvironment(display: string, profile: string): NodeJS.ProcessEnv {
  return {
    DISPLAY: display,
    GDK_BACKEND: 'x11',
    HOME: profile,
    XDG_DATA_HOME: `${profile}/data`,
    XDG_CACHE_HOME: `${profile}/cache`,
    XDG_CONFIG_HOME: `${profile}/config`,
    WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    // There is no session bus for it to look for.
    GIO_USE_VFS: 'local',
    GSETTINGS_BACKEND: 'memory',
  }
}

/** As the browser says it, which wants a screen to be asked. */
export function webkitVersion(browser: string, env: NodeJS.ProcessEnv): string {
  const said = execFileSync(browser, ['--version'], { encoding: 'utf8', env: { ...process.env, ...env } })
  return `WebKitGTK ${/\d+(\.\d+)+/.exec(said)?.[0] ?? said.trim()}`
}
