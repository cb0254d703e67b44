import { readFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'
import { fromSource, source } from '../../tools/from-source.ts'

/** Which version a build of the library is ahead in: that of the log's entries, or that of the database. */
export type Ahead = 'format' | 'schema'

const bundled = new Map<Ahead | undefined, Promise<string>>()

/** The script of the page under test, with the library in it, bundled once a process; of a newer build, if `ahead`. */
export function bundleApp(ahead?: Ahead): Promise<string> {
  const script = bundled.get(ahead) ?? bundle(ahead)
  bundled.set(ahead, script)
  return script
}

async function bundle(ahead: Ahead | undefined): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [source('test/browser/support/app.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'inline',
    plugins: ahead === undefined ? [fromSource] : [fromSource, raise(ahead)],
  })
  return outputFiles.map((file) => file.text).join('\n')
}

/** What the next version changes in a file, and what it makes of it. */
const changes: Readonly<Record<Ahead, readonly (readonly [file: string, from: string, to: string])[]>> = {
  format: [['src/machine/events.ts', 'export const FORMAT = 1', 'export const FORMAT = 2']],
  schema: [
    ['src/store/indexeddb/schema.ts', 'export const version = 1', 'export const version = 2'],
    // The log that is there stays.
    ['src/store/indexeddb/open.ts', 'createStores(unwrap(database))', 'if (_from > 0) return'],
  ],
}

function raise(ahead: Ahead): Plugin {
  return {
    name: 'a newer version',
    setup({ onLoad, onEnd }) {
      const left = new Map(changes[ahead].map(([file, ...change]) => [source(file), change]))
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const [from, to] = left.get(path) ?? []
        if (from === undefined || to === undefined) return undefined
        const text = readFileSync(path, 'utf8')
        if (!text.includes(from)) throw new Error(`Cannot raise the ${ahead}: ${path} has no "${from}"`)
        left.delete(path)
        return { contents: text.replace(from, `${to}\n`), loader: 'ts' }
      })
      onEnd(() => {
        if (left.size > 0) throw new Error(`Cannot raise the ${ahead}: ${[...left.keys()]} was not read`)
      })
    },
  }
}
