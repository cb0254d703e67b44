import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from './support/scratch.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs the demo as a user does, on the built package. */
function startDemo(...options: string[]): { readonly child: ChildProcess; readonly said: () => string } {
  if (!existsSync(join(root, 'dist/index.js')))
    throw new Error('Cannot run the demo: npm run build comes first')
  const args = ['demo/start.ts', '--port', '0', '--api-port', '0', ...options]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  return { child, said: () => said }
}

test('the tour ends with every count right, and status 0', async () => {
  const { child, said } = startDemo('--once')
  const [status] = await once(child, 'close')
  expect(said()).toContain('Every count is right.')
  expect(said()).not.toContain('✗')
  expect(status).toBe(0)
})

test('the tour ends with status 1 when a file is missing on the server’s disk', async () => {
  const data = scratchDirectory()
  const { child, said } = startDemo('--once', '--data', data)
  const files = (): string[] => {
    const names = readdirSync(join(data, 'photos'), { recursive: true, encoding: 'utf8' })
    return names.filter((name) => /^tour-[^/]*\/[\w-]+$/.test(name))
  }
  await expect.poll(() => files().length, { timeout: 30_000, interval: 20 }).toBeGreaterThan(10)
  rmSync(join(data, 'photos', files()[0] ?? ''))
  const [status] = await once(child, 'close')
  expect(said()).toMatch(/✗ files on the server's disk +198 +expected 199/)
  expect(status).toBe(1)
})

test('Ctrl-C stops the demo in the middle of its tour', async () => {
  const { child, said } = startDemo()
  await expect.poll(said, { timeout: 30_000, interval: 20 }).toContain('/200 done')
  child.kill('SIGINT')
  const [status] = await once(child, 'close')
  expect(said()).toContain('Stopped.')
  expect(status).toBe(130)
})
