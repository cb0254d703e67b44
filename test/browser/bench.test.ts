import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the bench does every work with every peer, and each stores, runs and removes all its jobs', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout } = await promisify(execFile)('node', ['test/bench/run.ts', '--smoke', '--json'], {
    cwd: root,
  })
  const { measured } = JSON.parse(stdout)
  const ids = measured.map(({ id }: { id: string }) => id)
  expect(ids).toEqual(
    expect.arrayContaining(['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P8', 'P10', 'P13', 'P14', 'latency']),
  )
  for (const { id, figures } of measured) {
    for (const { name, rounds } of figures) expect(rounds, `${id}, ${name}`).not.toHaveLength(0)
  }
})
