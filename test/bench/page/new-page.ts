import { firstThing } from '../work.ts'
import type { Runner } from './works/work.ts'

/** As another contestant of the same work, the first thing in a page: before an engine optimized any of it. */
export function inNewPage(work: string, { name, run }: Pick<Runner, 'name' | 'run'>): Runner[] {
  return [
    { name, run },
    { name: `${name}, ${firstThing}`, run: (scale) => runInFrame(work, name, scale) },
  ]
}

/** In a frame, which has code of its own and is taken away afterwards. */
async function runInFrame(work: string, contestant: string, scale: number): Promise<number> {
  const frame = document.createElement('iframe')
  frame.src = '/'
  document.body.append(frame)
  try {
    const bench = await benchIn(frame)
    bench.begin({ work, contestant, scale })
    for (;;) {
      const told = bench.told()
      if (told !== undefined && 'error' in told) throw new Error(told.error)
      if (told !== undefined) return told.figure
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } finally {
    frame.remove()
  }
}

/** Resolves once the page in the frame can be told what to do. */
async function benchIn(frame: HTMLIFrameElement): Promise<NonNullable<Window['bench']>> {
  await new Promise((resolve) => frame.addEventListener('load', resolve))
  const bench = frame.contentWindow?.bench
  if (bench === undefined)
    throw new Error('The script of a page in a frame failed, or the frame was taken away')
  return bench
}
