import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// What a renamed or deleted source left behind must not be shipped.
const root = fileURLToPath(new URL('../..', import.meta.url))
rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync(`${root}node_modules/.bin/tsc`, ['-p', 'test/tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
