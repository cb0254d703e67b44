import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryAcks } from 'holdfast/receiver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeTests } from '../../unit/receiver/store-suite.ts'
import { bundle, workerd } from './hosts.ts'
import type { Outcomes } from './worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-ack-stores-'))
let runtime: Awaited<ReturnType<typeof workerd>>

beforeAll(async () => {
  await bundle(folder)
  runtime = await workerd(folder)
})

afterAll(async () => {
  await runtime?.dispose()
  rmSync(folder, { recursive: true, force: true })
})

// The suite runs there; what it is called is known here as well.
const effects = { write: () => undefined, written: async () => [] }
const names = Object.keys(storeTests({ open: memoryAcks, nothing: undefined, effects }))

describe.each([
  ['d1Acks', 'd1'],
  ['sqliteAcks in a Durable Object', 'object'],
])('%s, as a store of acknowledgements, in workerd', (_, path) => {
  let outcomes: Outcomes

  beforeAll(async () => {
    const answer = await fetch(`${runtime.url}/${path}/suite`)
    // What worker.ts answers with.
    outcomes = JSON.parse(await answer.text()) as Outcomes
  })

  test.each(names)('%s', (name) => {
    expect(outcomes[name]).toBe(null)
  })

  test('that is all of it', () => {
    expect(Object.keys(outcomes)).toEqual(names)
    expect(names.length).toBeGreaterThan(12)
  })
})
