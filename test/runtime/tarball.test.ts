import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Installed, install } from './installed.ts'

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
let installed: Installed

beforeAll(async () => {
  installed = await install()
  installed.write('consumer.ts', readFileSync(new URL('consumer.ts', import.meta.url), 'utf8'))
})

afterAll(() => installed?.remove())

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

function exported(): Manifest['exports'] {
  const path = join(installed.folder, 'node_modules/holdfast/package.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as Manifest).exports
}

/** What a user can import: each entry point of the package, so that a new one cannot be forgotten here. */
function entryPoints(): string[] {
  const names = Object.keys(exported()).filter((subpath) => subpath !== './package.json')
  expect(names.length).toBeGreaterThan(1)
  return names.map((subpath) => subpath.replace('.', 'holdfast'))
}

test('the tarball has every file that the package exports, and nothing that is not for its users', () => {
  const promised = Object.values(exported()).flatMap((each) =>
    typeof each === 'string' ? [each] : [each.types, each.default],
  )
  expect(installed.files).toEqual(expect.arrayContaining(promised.map((path) => path.replace('./', ''))))
  const others = installed.files.filter((path) => !/^dist\/.+\.(js|d\.ts)$/.test(path))
  expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
})

describe('in Node, installed from the tarball', () => {
  test('every entry point loads', async () => {
    const names = entryPoints()
    const loads = names.map((name) => `await import('${name}')`).join(', ')
    installed.write(
      'load.js',
      `console.log([${loads}].map((module) => Object.keys(module).length > 0).join())`,
    )
    expect((await installed.run('node', 'load.js')).trim()).toBe(names.map(() => 'true').join())
  })

  test('a queue in memory runs, gives up on what cannot succeed, and acknowledges both', async () => {
    const said: unknown = JSON.parse(await installed.run('node', 'consumer.ts'))
    expect(said).toMatchObject({ text: 'Hello, Ada', code: 'job-dead', sqlite: 'function' })
    expect(said).toHaveProperty('acked', expect.arrayContaining([expect.stringMatching(/^2 /)]))
  })
})

/** What is only for browsers, and speaks of what they alone have. */
const forBrowsers = ['holdfast/page', 'holdfast/service-worker']

/** Whose globals a project has: those of a page, of a worker of one, of Node alone, or of Cloudflare's Workers. */
const places = {
  pages: { lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [] },
  'web workers': { lib: ['ES2022', 'WebWorker', 'WebWorker.Iterable'], types: [] },
  'Node, without the DOM': { lib: ['ES2022'], types: ['@types/node'] },
  'Cloudflare Workers, without the DOM': { lib: ['ES2022'], types: ['@cloudflare/workers-types'] },
}

describe.each([
  ['bundler', 'ESNext'],
  ['nodenext', 'NodeNext'],
])('with moduleResolution %s, the types of every entry point hold', (moduleResolution, module) => {
  test.each(Object.entries(places))('in %s, the libraries checked, too', async (place, { lib, types }) => {
    const hasDom = types.length === 0
    const entries = entryPoints().filter((name) => hasDom || !forBrowsers.includes(name))
    const imports = entries.map((name, at) => `import * as entry${at} from '${name}'\n`)
    const names = entries.map((_, at) => `entry${at}`)
    installed.write('every.ts', `${imports.join('')}export const every = [${names.join(', ')}]\n`)
    const compilerOptions = {
      ...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noEmit: true },
      ...{ target: 'ES2022', lib, types: types.map((name) => join(modules, name)), moduleResolution, module },
    }
    const project = `tsconfig.${place.replaceAll(/\W/g, '')}.${moduleResolution}.json`
    installed.write(project, JSON.stringify({ compilerOptions, files: ['every.ts', 'consumer.ts'] }))
    await expect(installed.run('tsc', '-p', project)).resolves.toBe('')
  })
})
