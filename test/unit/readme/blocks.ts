/** Code that the documentation shows: in the README's fences, and in the `@example`s of doc comments. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One fenced block of TypeScript. */
export interface Block {
  /** Where it begins, such as `README.md:12`. */
  readonly at: string
  /** The file that the other blocks of its document import it as. */
  readonly file: string
  readonly code: string
  /** The names of what stands around it when it is compiled and run; see around.ts. */
  readonly around: readonly string[]
  /** Why it is only compiled. */
  readonly notRun: string | undefined
}

const opening = /^```ts(?: not run: (.+))?$/
const settings = /^<!--(?: ([\w-]+\.ts))?(?: with ((?:[\w-]+ ?)+))? -->$/

/**
 * The blocks of a Markdown file. A comment on the line before a fence names the block's file and what stands around it:
 * `<!-- contract.ts with photos server -->`. In the fence's own line, `not run: <why>` says that it is only compiled.
 */
export function blocksOf(path: string, name: string): Block[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return fences(lines, name).map(({ line, code, notRun }) => {
    const [, file, around] = settings.exec(lines[line - 1] ?? '') ?? []
    return {
      at: `${name}:${line + 1}`,
      file: file ?? `line-${line + 1}.ts`,
      code,
      around: around?.split(' ') ?? [],
      notRun,
    }
  })
}

/** The `@example`s in the doc comments of a folder's sources. */
export function examplesIn(folder: string): Block[] {
  return globSync('**/*.ts', { cwd: folder })
    .sort()
    .flatMap((path) => {
      const lines = readFileSync(join(folder, path), 'utf8').split('\n')
      return fences(lines.map(withoutStar), path).map(({ line, code, notRun }) => {
        const file = `${path.replaceAll('/', '-').replace(/\.ts$/, '')}-${line + 1}.ts`
        return { at: `${path}:${line + 1}`, file, code, around: [], notRun }
      })
    })
}

/** A line of a doc comment, without what makes it one; other lines have no fences. */
function withoutStar(line: string): string {
  return line.replace(/^\s*\* ?/, '')
}

interface Fence {
  /** The opening line, from 0. */
  readonly line: number
  readonly code: string
  readonly notRun: string | undefined
}

function fences(lines: readonly string[], name: string): Fence[] {
  const found: Fence[] = []
  for (let line = 0; line < lines.length; line++) {
    const opened = opening.exec(lines[line] ?? '')
    if (opened === null) continue
    const end = lines.indexOf('```', line + 1)
    if (end < 0) throw new Error(`the block at ${name}:${line + 1} does not end`)
    found.push({ line, code: `${lines.slice(line + 1, end).join('\n')}\n`, notRun: opened[1] })
    line = end
  }
  return found
}
