import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cases } from '../../unit/idempotent/suite.ts'

type Outcomes = Readonly<Record<string, string | null>>

const names = Object.keys(cases)
const bin = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'holdfast-idempotent-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function bundle(source: URL, outfile: string, conditions: string[] = []): Promise<unknown> {
  return build({
    entryPoints: [fileURLToPath(source)],
    bundle: true,
    format: 'esm',
    platform: conditions.length > 0 ? 'neutral' : 'node',
    target: 'es2022',
    conditions,
    outfile,
  })
}

/** The suite runs elsewhere; here each of its cases is told. */
function told(outcomes: () => Outcomes): void {
  for (const name of names) test(name, () => expect(outcomes()[name]).toBe(null))
}

describe.each([
  ['Bun', 'bun', [] as string[]],
  ['Deno', 'deno', ['run', '--allow-all', '--no-config']],
])('an endpoint on sqliteResponses, in %s', (_, command, options) => {
  let outcomes: Outcomes

  beforeAll(async () => {
    const program = join(folder, `${command}.mjs`)
    await bundle(new URL('program.ts', import.meta.url), program)
    const settings = [...options, program, join(folder, command)]
    const { stdout } = await promisify(execFile)(join(bin, command), settings, { cwd: folder })
    // What program.ts prints.
    outcomes = JSON.parse(stdout) as Outcomes
  }, 120_000)

  told(() => outcomes)
})

describe('in workerd', () => {
  const answers = new Map<string, Outcomes>()
  let runtime: Miniflare | undefined

  beforeAll(async () => {
    const script = join(folder, 'worker.mjs')
    await bundle(new URL('worker.ts', import.meta.url), script, ['workerd', 'worker', 'browser'])
    runtime = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.js', contents: readFileSync(script, 'utf8') }],
      compatibilityDate: '2026-07-01',
      durableObjects: { ORDERS: { className: 'Orders', useSQLite: true } },
      d1Databases: Object.fromEntries(names.map((_, index) => [`DB${index}`, `db-${index}`])),
    })
    for (const path of ['object', 'd1', 'memory']) {
      const answer = await runtime.dispatchFetch(`https://worker.example/${path}`)
      // What worker.ts answers with.
      answers.set(path, (await answer.json()) as Outcomes)
    }
  }, 120_000)

  afterAll(() => runtime?.dispose())

  describe.each([
    ['sqliteResponses, in a Durable Object', 'object'],
    ['d1Responses', 'd1'],
    ['memoryResponses', 'memory'],
  ])('an endpoint on %s', (_, path) => told(() => answers.get(path) ?? {}))
})
