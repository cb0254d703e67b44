import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory.ts'
import { storeConformance } from '../../src/testing/conformance.ts'
import type { Outcomes } from './sqlite-object.ts'

let runtime: Miniflare
let outcomes: Outcomes

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('sqlite-object.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    write: false,
  })
  runtime = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.js', contents: outputFiles[0]?.text ?? '' }],
    compatibilityDate: '2026-07-01',
    durableObjects: { CONFORMANCE: { className: 'Conformance', useSQLite: true } },
  })
  const answer = await runtime.dispatchFetch('https://worker.example/')
  // What sqlite-object.ts answers with.
  outcomes = (await answer.json()) as Outcomes
}, 120_000)

afterAll(() => runtime?.dispose())

describe('a Durable Object, in workerd', () => {
  // The suite runs there; what it is called is known here as well.
  const named = (name: string) => test(name, () => expect(outcomes[name]).toBe(null))
  storeConformance({ test: named, factory: memoryStore })

  test('that is all of it', () => {
    expect(Object.keys(outcomes).length).toBeGreaterThan(40)
  })
})
