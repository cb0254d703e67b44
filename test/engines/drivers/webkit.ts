import { ensureEngine } from '../../tools/engines.ts'
import type { Browser, LaunchOptions, Tab } from '../engine.ts'
import { sourceOf } from './chromium.ts'
import { inWindow, startDisplay, webkitEnvironment, webkitVersion } from './display.ts'
import { startGroup } from './processes.ts'
import type { Windows } from './windows.ts'
import { openWires, type Wire } from './wire.ts'

/**
 * WebKitGTK as users have it, with its databases on the disk. Not by WebDriver, which knows it only as a private
 * window (see webkit-private.ts): pages obey over a wire of their own, and are opened by pages.
 */
export async function launchWebKit({ profile }: LaunchOptions): Promise<Browser> {
  const { browser: program, display: xvfb } = await ensureEngine('webkit')
  const display = await startDisplay(xvfb)
  const wires = await openWires()
  const args = ['--javascript-can-open-windows-automatically=true', wires.startUrl]
  const env = webkitEnvironment(display.name, profile)
  const group = startGroup(program, args, env, ['ignore', 'ignore', 'ignore'])
  const open: Wire[] = [wires.start]
  const kill = async (): Promise<void> => {
    await group.kill()
    for (const wire of open) wire.cut(new Error('the browser was killed'))
    await wires.close()
    await display.group.kill()
  }
  group.child.once('exit', () => {
    for (const wire of open) wire.cut(new Error('the browser ended'))
  })
  try {
    await wires.start.run('0')
    return {
      version: webkitVersion(program, env),
      async open(url) {
        const wire = wires.add()
        open.push(wire)
        const arrived = wire.nextDocument()
        // On its own: a page that has an opener shares its process.
        await wires.start.run(`void window.open(${JSON.stringify(wire.urlOf(url))}, '_blank', 'noopener')`)
        await arrived
        return tabOf(wire, display.windows)
      },
      kill,
    }
  } catch (error) {
    await kill()
    throw error
  }
}

function tabOf(wire: Wire, windows: Windows): Tab {
  const leave = async (source: string): Promise<void> => {
    const arrived = wire.nextDocument()
    // After the answer, which a page that goes away could not send; where it is slow, it has to do without.
    wire.run(`void setTimeout(() => { ${source} }, 50)`).catch(() => undefined)
    await arrived
  }
  return {
    evaluate: (work, given) => wire.run(sourceOf(work, given)) as Promise<never>,
    goto: (url) => leave(`location.href = ${JSON.stringify(wire.urlOf(url))}`),
    reload: () => leave('location.reload()'),
    back: () => leave('history.back()'),
    async close() {
      const closed = wire.runLast('void setTimeout(() => close(), 50)')
      // A page with a history may not close itself: it goes where no wire leads.
      const late = setTimeout(() => wire.run("location.replace('about:blank')").catch(() => undefined), 1_000)
      await closed
      clearTimeout(late)
      wire.cut(new Error('the page was closed'))
    },
    ...inWindow(windows),
  }
}
