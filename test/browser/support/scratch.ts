import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty directory, removed when the test is over. */
export function scratchDirectory(): string {
  const { path, remove } = makeDirectory()
  // After everything that is started later has stopped: these hooks run in the reverse order.
  onTestFinished(remove)
  return path
}

/** An empty directory. */
export function makeDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-browser-'))
  return {
    path,
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  }
}
