/** Where the receiver is tried: each host is a server of its own, reached over HTTP, that can be ended and begun anew. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const bin = join(modules, '.bin')

export interface Server {
  /** Without a slash at its end. */
  readonly url: string
  /** Ends it: programs by SIGKILL. */
  end(): Promise<void>
}

export interface Host {
  readonly name: string
  /** Whether what it settled outlives it. */
  readonly durable: boolean
  /** Begins it, on what it left in the folder. */
  start(folder: string): Promise<Server>
}

/** What the host runs, bundled once into the folder. */
export async function bundle(folder: string): Promise<void> {
  const shared = { bundle: true, format: 'esm', target: 'es2022' } as const
  await build({
    ...shared,
    entryPoints: [fileURLToPath(new URL('program.ts', import.meta.url))],
    platform: 'node',
    outfile: join(folder, 'program.mjs'),
  })
  await build({
    ...shared,
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:assert'],
    outfile: join(folder, 'worker.mjs'),
  })
}

function program(name: string, command: string, options: readonly string[]): Host[] {
  const start = async (folder: string, where: string): Promise<Server> => {
    const child = spawn(command, [...options, join(folder, 'program.mjs'), where], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })
    const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit')])
    if (typeof line !== 'string') throw new Error(`${name} ended before it listened`)
    // What program.ts prints.
    const { port } = JSON.parse(line) as { port: number }
    return {
      url: `http://127.0.0.1:${port}`,
      async end() {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      },
    }
  }
  return [
    {
      name: `${name}, SQLite`,
      durable: true,
      start: (folder) => start(folder, join(folder, `${name}.db`)),
    },
    { name: `${name}, memory`, durable: false, start: (folder) => start(folder, 'memory') },
  ]
}

/** workerd with all that worker.ts needs, its storage in the folder. */
export async function workerd(folder: string): Promise<{ readonly url: string; dispose(): Promise<void> }> {
  const runtime = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: readFileSync(join(folder, 'worker.mjs'), 'utf8') },
    ],
    compatibilityDate: '2026-07-01',
    compatibilityFlags: ['nodejs_compat'],
    d1Databases: ['DB', 'SUITE'],
    durableObjects: { RECEIVER: { className: 'ReceiverObject', useSQLite: true } },
    d1Persist: join(folder, 'd1'),
    durableObjectsPersist: join(folder, 'objects'),
  })
  const { origin } = await runtime.ready
  return { url: origin, dispose: () => runtime.dispose() }
}

function worker(name: string, path: string, durable: boolean): Host {
  return {
    name,
    durable,
    async start(folder) {
      const { url, dispose } = await workerd(folder)
      return { url: `${url}/${path}`, end: dispose }
    },
  }
}

export const hosts: readonly Host[] = [
  ...program('Node 22', join(modules, 'node-22/bin/node'), ['--disable-warning=ExperimentalWarning']),
  ...program('Node 24', join(modules, 'node/bin/node'), []),
  ...program('Deno', join(bin, 'deno'), ['run', '--allow-all', '--no-config']),
  ...program('Bun', join(bin, 'bun'), []),
  worker('a Worker, D1', 'd1', true),
  worker('a Durable Object, SQLite', 'object', true),
  worker('a Worker, memory', 'memory', false),
]
