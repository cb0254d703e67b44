import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSettled } from './ending.ts'
import { type Draws, draws } from './draw.ts'
import { deeds } from './faults.ts'
import { judge, type Judgement } from './oracle/judge.ts'
import type { FaultKind } from './record.ts'
import { type Scene, setScene } from './scene.ts'
import { pause, within } from './until.ts'

/** What a soak is to be. */
export interface Plan {
  readonly seed: number
  readonly minutes: number
  readonly kinds: readonly FaultKind[]
}

/** How long any one fault may take with its aftermath (milliseconds). */
const deedMs = 180_000

/** Lets three tabs and a worker work through faults of these kinds for so long, and judges what came of it. */
export async function soak({ seed, minutes, kinds }: Plan, say: (line: string) => void): Promise<Judgement> {
  const draw = draws(seed)
  const scene = await setScene(seed)
  const startedAt = Date.now()
  const tell = (line: string): void =>
    say(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${line}`)
  try {
    for (let count = 0; count < 3; count++) scene.tabs.push(await scene.open('produces'))
    await storm(scene, draw, { kinds, endAt: startedAt + minutes * 60_000 }, tell)
    tell('no more faults')
    const left = await ensureSettled(scene, draw.oneOf(['tabs', 'worker']), tell)
    const verdict = judge(scene, left, kinds)
    if (verdict.findings.length > 0) tell(`everything is in ${keep(scene, seed)}`)
    return verdict
  } catch (error) {
    tell(`everything is in ${keep(scene, seed)}`)
    throw new Error(`${error}; unanswered: ${scene.browser.unanswered().join(', ')}`)
  } finally {
    await scene.close()
  }
}

/** Faults until it is time, and until each kind was ordered. */
async function storm(
  scene: Scene,
  draw: Draws,
  { kinds, endAt }: { readonly kinds: readonly FaultKind[]; readonly endAt: number },
  tell: (line: string) => void,
): Promise<void> {
  const waiting: FaultKind[] = draw.shuffled(kinds)
  let isFirstRound = true
  let outage = Promise.resolve()
  while (Date.now() < endAt || isFirstRound) {
    await pause(500 + draw.upTo(2_500))
    await draw.oneOf(scene.tabs).send('Page.bringToFront')
    const kind = waiting.shift()
    if (kind === undefined) throw new RangeError('Cannot soak: there is no fault to choose from')
    await outage
    const done = commit(scene, kind, draws(draw.upTo(1e9)), tell)
    // An outage goes on through whatever comes next.
    if (kind === 'down') outage = done
    else await done
    if (waiting.length > 0) continue
    isFirstRound = false
    waiting.push(...draw.shuffled(kinds))
  }
  await outage
}

async function commit(
  scene: Scene,
  kind: FaultKind,
  draw: Draws,
  tell: (line: string) => void,
): Promise<void> {
  tell(kind)
  // The browser need not keep a page for the back button, nor does a network that is cut meet everybody.
  for (let tries = 0; tries < 4; tries++) {
    const done = await within(`a fault: ${kind}`, deeds[kind](scene, draw), deedMs)
    if (typeof done === 'object') return void scene.record.faults.push({ ...done, kind })
    tell(`${kind}: came to nothing: ${done}`)
  }
}

/** What the contexts told and the server recorded, for whoever looks into what was found. Returns where it is. */
function keep({ record, server, tabs }: Scene, seed: number): string {
  const path = join(tmpdir(), `holdfast-soak-${seed}-${Date.now()}.json`)
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Map || value instanceof Set ? [...value] : value
  writeFileSync(path, JSON.stringify({ ...record, uploads: server.uploads, acks: server.acks, tabs }, plain))
  return path
}
