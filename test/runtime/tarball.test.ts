import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Installed, install } from './installed.ts'

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

const specifierOf = (subpath: string): string => subpath.replace('.', 'holdfast')

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
    const names = Object.keys(exported()).filter((subpath) => subpath !== './package.json')
    const loads = names.map((name) => `await import('${specifierOf(name)}')`).join(', ')
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

describe('the types of the tarball hold', () => {
  test.each([
    ['bundler', 'ESNext'],
    ['nodenext', 'NodeNext'],
  ])('with moduleResolution %s, the libraries checked, too', async (moduleResolution, module) => {
    const compilerOptions = {
      ...{
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        types: [],
        lib: ['ES2022', 'DOM', 'DOM.Iterable'],
      },
      ...{ target: 'ES2022', exactOptionalPropertyTypes: true, moduleResolution, module },
    }
    const project = `tsconfig.${moduleResolution}.json`
    installed.write(project, JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    await expect(installed.run('tsc', '-p', project)).resolves.toBe('')
  })
})
