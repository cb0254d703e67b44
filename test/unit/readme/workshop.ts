/** A user's project for the blocks of one document: they are compiled there together, and run one by one. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { around } from './around.ts'
import type { Block } from './blocks.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const exec = promisify(execFile)

export interface Workshop {
  /** What the compiler has to say of the blocks; empty when they fit. */
  compile(): Promise<string>
  /** Runs a block, and what stands around it. Resolves to the lines it printed. */
  run(block: Block): Promise<string[]>
  remove(): void
}

export function openWorkshop(blocks: readonly Block[]): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-blocks-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project(blocks)))
  for (const block of blocks) writeFileSync(join(folder, block.file), surrounded(block))

  return {
    compile: () => exec(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).then(textOf, textOf),
    run: (block) => printed(() => import(pathToFileURL(join(folder, block.file)).href)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What is used of our own project. */
interface Settings {
  readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> }
}

/** As strict as our own code, but for what is a matter of taste in somebody else's. */
function project(blocks: readonly Block[]): object {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as Settings
  const own = Object.entries(compilerOptions.paths)
  const paths = Object.fromEntries(own.map(([name, files]) => [name, files.map((file) => join(root, file))]))
  const taste = { isolatedDeclarations: false, declaration: false, noUnusedLocals: false }
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { ...taste, paths, typeRoots: [join(root, 'node_modules/@types')] },
    include: [],
    files: blocks.map(({ file }) => file),
  }
}

function surrounded({ code, around: names, at }: Block): string {
  const parts = names.map((name) => {
    const part = around[name]
    if (part === undefined) throw new Error(`nothing named "${name}" can stand around the block at ${at}`)
    return part
  })
  const before = parts.map((part) => part.before ?? '')
  const after = parts.map((part) => part.after ?? '')
  return [...before, code, ...after.reverse(), 'export {}'].join('\n')
}

function textOf(result: unknown): string {
  const texts = ['stdout', 'stderr'].map((name) =>
    typeof result === 'object' && result !== null ? String(Reflect.get(result, name)) : '',
  )
  return texts.join('').trim()
}

async function printed(run: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = []
  const { fetch } = globalThis
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    lines.push(values.map(shown).join(' '))
  })
  try {
    await run()
    return lines
  } finally {
    log.mockRestore()
    globalThis.fetch = fetch
    Reflect.deleteProperty(globalThis, 'indexedDB')
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  return value instanceof Error ? `${value.name}: ${value.message}` : (JSON.stringify(value) ?? 'undefined')
}

/** What the comments behind a block's `console.log`s say that they print. */
export function promised({ code }: Block): string[] {
  return [...code.matchAll(/console\.log\(.*\)\)?;? \/\/ (.+)$/gm)].map((match) => match[1] ?? '')
}
