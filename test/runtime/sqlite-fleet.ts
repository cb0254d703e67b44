/** Several processes that work off one SQLite file, and what they left behind. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = fileURLToPath(new URL('sqlite-worker.ts', import.meta.url))

/** One process's life. */
export interface Life {
  readonly child: ChildProcess
  readonly startedAt: number
  readonly killedAt?: number
}

export interface Fleet {
  readonly lives: readonly Life[]
  /** Kills the how-manieth of the living with SIGKILL; another starts in its place. */
  replace(index: number): Promise<void>
  /** Resolves once everyone has started. */
  complete(): Promise<unknown>
  /** Lets the living end by themselves. Resolves to their exit codes. */
  stop(): Promise<readonly (number | null)[]>
}

export interface FleetOptions {
  readonly folder: string
  readonly size: number
  readonly concurrency: number
  readonly leaseMs: number
}

/** Bundles the worker once, since each of many starts would else strip types from all of the library. */
export async function startFleet({ folder, size, concurrency, leaseMs }: FleetOptions): Promise<Fleet> {
  const program = join(folder, 'worker.mjs')
  await build({ entryPoints: [source], bundle: true, format: 'esm', platform: 'node', outfile: program })
  const lives: Life[] = []
  const starting: Promise<void>[] = []
  const start = async (): Promise<void> => {
    const settings = [concurrency, leaseMs].map(String)
    const child = fork(program, [databaseIn(folder), effectsIn(folder), ...settings], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    // Heard in any case: a process that cannot start must fail the test, not hang it.
    const [said] = await Promise.race([once(child, 'message'), once(child, 'exit')])
    if (said !== 'started') throw new Error(`A process ended with ${String(said)} before it had started`)
    lives.push({ child, startedAt: Date.now() })
  }
  const alive = (): Life[] => lives.filter(({ killedAt }) => killedAt === undefined)
  await Promise.all(Array.from({ length: size }, start))

  return {
    lives,
    async replace(index) {
      const living = alive()
      const life = living[index % living.length]
      // As many are still starting.
      if (life === undefined) return
      const exited = once(life.child, 'exit')
      life.child.kill('SIGKILL')
      await exited
      lives[lives.indexOf(life)] = { ...life, killedAt: Date.now() }
      starting.push(start())
    },
    complete: () => Promise.all(starting),
    stop: () =>
      Promise.all(
        alive().map(async ({ child }) => {
          const exited = once(child, 'exit')
          child.send('stop')
          const [code] = await exited
          return typeof code === 'number' ? code : null
        }),
      ),
  }
}

export function databaseIn(folder: string): string {
  return join(folder, 'queue.db')
}

function effectsIn(folder: string): string {
  return join(folder, 'effects.txt')
}

/** One run of the handler to its end. */
export interface Effect {
  readonly pid: number
  readonly key: number
  readonly n: number
  readonly at: number
}

/** In the order in which they happened. A line that its writer was killed in would be a wrong one. */
export function readEffects(folder: string): Effect[] {
  if (!existsSync(effectsIn(folder))) return []
  const lines = readFileSync(effectsIn(folder), 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => {
    const [pid = Number.NaN, key = Number.NaN, n = Number.NaN, at = Number.NaN] = line.split(' ').map(Number)
    if ([pid, key, n, at].some(Number.isNaN)) throw new Error(`A process wrote "${line}"`)
    return { pid, key, n, at }
  })
}
