import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory.ts'
import { storeConformance } from '../../src/testing/conformance.ts'

const bin = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'holdfast-runtimes-'))
const program = join(folder, 'program.mjs')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(() =>
  build({
    entryPoints: [fileURLToPath(new URL('sqlite-program.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: program,
  }),
)

describe.each([
  ['Bun', 'bun', [] as string[]],
  ['Deno', 'deno', ['run', '--allow-all', '--no-config']],
])('a file, in %s', (_, command, options) => {
  let outcomes: Readonly<Record<string, string | null>>

  beforeAll(async () => {
    const database = join(folder, `${command}.db`)
    const { stdout } = await promisify(execFile)(join(bin, command), [...options, program, database], {
      cwd: folder,
    })
    // What sqlite-program.ts prints.
    outcomes = JSON.parse(stdout) as typeof outcomes
  }, 120_000)

  // The suite runs there; what it is called is known here as well.
  storeConformance({
    test: (name) => test(name, () => expect(outcomes[name]).toBe(null)),
    factory: memoryStore,
  })
})
