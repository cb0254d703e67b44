import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import packageJson from '../../package.json' with { type: 'json' }

/** Where a file of the project is, by its path in it. */
export const source = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Each entry point as it is built from: what `exports` has in `dist`, in `src`. */
export const fromSource: Plugin = {
  name: 'from-source',
  setup(building) {
    building.onResolve({ filter: /^holdfast(\/|$)/ }, ({ path: specifier }) => {
      const target: unknown = Reflect.get(packageJson.exports, `.${specifier.slice('holdfast'.length)}`)
      const built: unknown = Reflect.get(Object(target), 'default')
      if (typeof built !== 'string') return { errors: [{ text: `there is no entry point ${specifier}` }] }
      return { path: source(built.replace('./dist/', 'src/').replace(/\.js$/, '.ts')) }
    })
  },
}
