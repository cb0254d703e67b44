import { spawn } from 'node:child_process'

/** More than anything here takes: a fault may make a loop endless. */
const limitMs = 15 * 60_000

const groups = new Set<number>()

export interface Ended {
  readonly status: number
  readonly output: string
}

/** Runs a Node program in a folder, in a process group of its own, so that nothing it started outlives it. */
export function runNode(
  cwd: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...settings }
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { pid } = child
    if (pid !== undefined) groups.add(pid)
    let output = ''
    const take = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const limit = setTimeout(() => pid !== undefined && end(pid), limitMs)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(limit)
      if (pid !== undefined) groups.delete(pid)
      resolve({ status: code ?? 1, output })
    })
  })
}

/** Ends whatever runs. */
export function endAll(): void {
  for (const pid of groups) end(pid)
}

function end(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It ended by itself in the meantime.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
