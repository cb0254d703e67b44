import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare, type MiniflareOptions } from 'miniflare'
import type { RunningEdge } from '../server/start.ts'

const wasm = 'photon.wasm'

/** Starts the Worker in workerd, beside the API at `apiUrl`. Its objects keep their storage in `folder`. */
export async function startEdge(apiUrl: string, folder: string): Promise<RunningEdge> {
  const options: MiniflareOptions = {
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: await bundle() },
      { type: 'CompiledWasm', path: wasm, contents: await photon() },
    ],
    compatibilityDate: '2026-07-01',
    bindings: { API_URL: apiUrl },
    durableObjects: { VISITORS: { className: 'Visitor', useSQLite: true } },
    durableObjectsPersist: folder,
  }
  const runtime = deafToSignals(() => new Miniflare(options))
  await runtime.ready
  return {
    async hand(photo) {
      const init = { method: 'POST', body: JSON.stringify(photo) }
      const { ok, status } = await runtime.dispatchFetch('http://edge/photos', init)
      if (!ok) throw new Error(`Cannot hand a photo to the Worker: it answered ${status}`)
    },
    close: () => runtime.dispose(),
  }
}

/** Miniflare ends the process at once on a signal: whoever closes the servers then would not get to it. */
function deafToSignals<T>(make: () => T): T {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = signals.map((signal) => process.listeners(signal))
  const made = make()
  for (const [index, signal] of signals.entries()) {
    const added = process.listeners(signal).filter((listener) => !before[index]?.includes(listener))
    for (const listener of added) process.removeListener(signal, listener)
  }
  return made
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'warning',
    write: false,
    // workerd takes the module beside the script, compiled; it may not be compiled at run time.
    plugins: [
      {
        name: 'wasm',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\.wasm$/ }, () => ({ path: `./${wasm}`, external: true })),
      },
    ],
  })
  return outputFiles[0]?.text ?? ''
}

function photon(): Promise<Buffer> {
  return readFile(createRequire(import.meta.url).resolve('@cf-wasm/photon/photon.wasm'))
}
