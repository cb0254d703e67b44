import type { Runner } from './works/work.ts'

/** As another contestant of the same work, the first thing in a page: before an engine compiled any of it. */
export function inNewPage(work: string, { name, run }: Runner): Runner[] {
  return [
    { name, run },
    { name: `${name}, first thing in a page`, run: (scale) => runInFrame(work, name, scale) },
  ]
}

/** In a frame, which has code of its own and is taken away afterwards. */
async function runInFrame(work: string, contestant: string, scale: number): Promise<number> {
  const frame = document.createElement('iframe')
  frame.src = '/'
  document.body.append(frame)
  try {
    const { bench } = await loaded(frame)
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
async function loaded(frame: HTMLIFrameElement): Promise<Window> {
  await new Promise((resolve) => frame.addEventListener('load', resolve))
  if (frame.contentWindow === null) throw new Error('The frame of a new page was taken away')
  return frame.contentWindow
}
