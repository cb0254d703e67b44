import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'

const leaders = new Set<number>()
const folders = new Set<string>()

// Whatever ends this process, no browser and no profile stays behind.
process.once('exit', () => {
  for (const pid of leaders) signalGroup(pid)
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** A process that leads a group of its own, so that its helpers go with it. */
export interface Group {
  readonly child: ChildProcess
  /** Kills the group; resolves when all of it is gone: helpers outlive their leader, and their files with them. */
  kill(): Promise<void>
}

export function startGroup(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdio: readonly ('ignore' | 'pipe')[],
): Group {
  return groupOf(spawn(program, args, { detached: true, env: { ...process.env, ...env }, stdio: [...stdio] }))
}

/** Takes charge of a process that was spawned as the leader of its group. */
export function groupOf(child: ChildProcess): Group {
  const { pid } = child
  if (pid !== undefined) leaders.add(pid)
  return {
    child,
    async kill() {
      if (pid === undefined) return
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      signalGroup(pid)
      await gone
      while (isRunning(pid)) await pause(10)
      leaders.delete(pid)
    },
  }
}

function signalGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Whether any process of the group runs. One that is dead and only waits for its parent has let go of its files. */
function isRunning(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const [, state, its] = /\) (\S) \d+ (\d+) /.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
      return its === String(group) && state !== 'Z' && state !== 'X'
    } catch {
      // It ended while it was looked at.
      return false
    }
  })
}

/** The first line of `output` that `pattern` matches: its first group. What comes after it is read and dropped. */
export async function lineOf(output: Readable | null | undefined, pattern: RegExp): Promise<string> {
  const said: string[] = []
  if (output) {
    const lines = createInterface({ input: output })
    for await (const line of lines) {
      const found = pattern.exec(line)?.[1]
      if (found !== undefined) {
        output.resume()
        return found
      }
      said.push(line)
    }
  }
  throw new Error(`it ended without saying where it listens: ${said.join('\n')}`)
}

/** An empty folder, removed by `removeFolder`, or when this process ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-engines-'))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  folders.delete(folder)
}

/** A port that nobody listens on, for programs that cannot choose one by themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port')
  return address.port
}
