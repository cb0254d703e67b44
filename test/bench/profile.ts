/** Where the page's main thread spends its time: `npm run bench -- --profile --only P2,P3`. Chromium alone. */
import type { Tab } from '../engines/engine.ts'
import { runOnce } from './measure.ts'
import { openProtocol } from './protocol.ts'
import type { Session } from './session.ts'
import { firstThing } from './work.ts'

const shown = 25

interface Frame {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly lineNumber: number }
}

interface CpuProfile {
  readonly nodes: readonly Frame[]
  readonly samples?: readonly number[] | undefined
  readonly timeDeltas?: readonly number[] | undefined
}

/** Profiles each of our contestants in these works of the table, once warm. */
export async function printProfiles(
  session: Session,
  tab: Tab,
  ids: readonly string[],
  scale: number,
): Promise<void> {
  const works = await tab.evaluate(() => bench.works('table'))
  const protocol = await openProtocol(session)
  await protocol.send('Profiler.enable')
  await protocol.send('Profiler.setSamplingInterval', { interval: 200 })
  for (const { id, contestants } of works.filter((work) => ids.includes(work.id))) {
    for (const { name } of contestants.filter((each) => isOurs(each.name))) {
      await runOnce(tab, id, name, scale)
      await protocol.send('Profiler.start')
      await runOnce(tab, id, name, scale)
      const { profile } = await protocol.send('Profiler.stop')
      console.log(`\n${id} ${name}`)
      for (const line of linesOf(profile)) console.log(`  ${line}`)
    }
  }
  await protocol.detach()
}

/** Not what is to be cold. */
function isOurs(name: string): boolean {
  return name.startsWith('holdfast') && !name.endsWith(firstThing)
}

/** The functions that took most by themselves, and what the thread did besides. */
function linesOf({ nodes, samples = [], timeDeltas = [] }: CpuProfile): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(anonymous)']))
  const taken = new Map<string, number>()
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '?'
    taken.set(name, (taken.get(name) ?? 0) + (timeDeltas[index] ?? 0))
  })
  const idle = taken.get('(idle)') ?? 0
  taken.delete('(idle)')
  const busy = [...taken.values()].reduce((sum, each) => sum + each, 0)
  const rows = [...taken].sort(([, a], [, b]) => b - a).slice(0, shown)
  return [
    `${(busy / 1_000).toFixed(0)} ms busy, ${(idle / 1_000).toFixed(0)} ms idle`,
    ...rows.map(([name, each]) => `${((each / busy) * 100).toFixed(1).padStart(5)} %  ${name}`),
  ]
}
