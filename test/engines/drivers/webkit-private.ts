import { ensureEngine } from '../../tools/engines.ts'
import type { Browser, LaunchOptions, Tab } from '../engine.ts'
import { until } from '../engine.ts'
import { sourceOf } from './chromium.ts'
import { inWindow, startDisplay, webkitEnvironment, webkitVersion } from './display.ts'
import { freePort, startGroup } from './processes.ts'
import type { Windows } from './windows.ts'

type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<unknown>

/** WebKitGTK in a private window, over W3C WebDriver: IndexedDB in memory, which refuses Blobs. */
export async function launchPrivateWebKit({ profile }: LaunchOptions): Promise<Browser> {
  const { browser: binary, driver, display: xvfb } = await ensureEngine('webkit')
  const display = await startDisplay(xvfb)
  const port = await freePort()
  const env = webkitEnvironment(display.name, profile)
  // The browser is a child of the driver's, in its group.
  const group = startGroup(driver, [`--port=${port}`], env, ['ignore', 'ignore', 'ignore'])
  const kill = async (): Promise<void> => {
    await group.kill()
    await display.group.kill()
  }
  const ask = webDriver(`http://127.0.0.1:${port}`)
  try {
    await until(() => ask('GET', '/status').catch(() => undefined), 'WebKitWebDriver to answer')
    const options = { binary, args: ['--automation'] }
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options, pageLoadStrategy: 'normal' } }
    const session = String(field(await ask('POST', '/session', { capabilities }), 'sessionId'))
    const inSession: Ask = (method, path, body) => ask(method, `/session/${session}${path}`, body)
    await inSession('POST', '/timeouts', { script: 600_000 })
    const home = String(await inSession('GET', '/window'))
    const open = (url: string): Promise<Tab> => openTab(inSession, home, url, display.windows)
    const version = `${webkitVersion(binary, env)}, private`
    return { version, open, kill }
  } catch (error) {
    await kill()
    throw error
  }
}

/** `home`: the session's own window, which stays open. */
async function openTab(ask: Ask, home: string, url: string, windows: Windows): Promise<Tab> {
  // No window can be asked for another once it is closed.
  await ask('POST', '/window', { handle: home })
  const handle = String(field(await ask('POST', '/window/new', { type: 'window' }), 'handle'))
  // One session has one current window: what is asked of one comes after what was asked of another.
  const inTab = async (path: string, body: object, method: 'POST' | 'DELETE' = 'POST'): Promise<unknown> => {
    const turn = turns.get(ask) ?? Promise.resolve()
    const asked = turn.then(async () => {
      await ask('POST', '/window', { handle })
      return ask(method, path, body)
    })
    turns.set(
      ask,
      asked.catch(() => undefined),
    )
    return asked
  }
  await inTab('/url', { url })
  return {
    async evaluate(work, given) {
      const answer = await inTab('/execute/async', { script: asyncScript(sourceOf(work, given)), args: [] })
      const { value, error } = JSON.parse(String(answer))
      if (error !== undefined) throw new Error(error)
      return value
    },
    goto: async (to) => void (await inTab('/url', { url: to })),
    reload: async () => void (await inTab('/refresh', {})),
    back: async () => void (await inTab('/back', {})),
    close: async () => void (await inTab('/window', {}, 'DELETE')),
    ...inWindow(windows),
  }
}

const turns = new WeakMap<Ask, Promise<unknown>>()

function asyncScript(source: string): string {
  return `const done = arguments[0]
    new Promise((resolve) => resolve(${source})).then(
      (value) => done(JSON.stringify({ value })),
      (error) => done(JSON.stringify({ error: String(error) })),
    )`
}

function webDriver(base: string): Ask {
  return async (method, path, body) => {
    const response = await fetch(base + path, { method, ...(body && { body: JSON.stringify(body) }) })
    const value = field(await response.json(), 'value')
    if (response.ok) return value
    throw new Error(`WebDriver: ${field(value, 'error')}: ${field(value, 'message')}`)
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
