/** The package as its users get it: built, packed, and installed from the tarball with its dependencies. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inject } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'node_modules/.bin')
const exec = promisify(execFile)

/** The package, installed in an empty project. */
export interface Installation {
  /** The project's folder. */
  readonly folder: string
  /** The names of the tarball's files. */
  readonly files: readonly string[]
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly installation: Installation
  }
}

/** A folder in the project that has the package in its node_modules. */
export interface Installed extends Installation {
  /** Writes a file into the folder. */
  write(name: string, text: string): void
  /** Runs a program of the toolchain in the folder; rejects with what it printed if it fails. */
  run(program: string, ...options: readonly string[]): Promise<string>
  remove(): void
}

/** A folder of one's own; the installation is that of the whole run, which setup.ts has made. */
export async function install(): Promise<Installed> {
  const installation = inject('installation')
  const folder = mkdtempSync(join(installation.folder, 'part-'))
  // For whoever looks for it there; programs would find it in the folder above as well.
  symlinkSync(join(installation.folder, 'node_modules'), join(folder, 'node_modules'))
  return {
    folder,
    files: installation.files,
    write: (name, text) => writeFileSync(join(folder, name), text),
    run: (program, ...options) => run(folder, program, ...options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Builds apart from `dist`, which others may be making anew at this moment; packs, and installs what was packed. */
export async function installTarball(): Promise<Installation & { remove(): void }> {
  const ground = mkdtempSync(join(tmpdir(), 'holdfast-runtime-'))
  const staged = join(ground, 'staged')
  const folder = join(ground, 'project')
  mkdirSync(staged)
  mkdirSync(folder)
  const remove = (): void => rmSync(ground, { recursive: true, force: true })
  try {
    for (const file of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
      cpSync(join(root, file), join(staged, file))
    }
    await run(root, 'tsc', '-p', 'test/tsconfig.build.json', '--outDir', join(staged, 'dist'))
    const [packed] = await pack(ground, staged)
    // Its dependencies come from here, too, so that nothing has to be fetched.
    const dependencies = await pack(ground, join(root, 'node_modules/idb'), join(root, 'node_modules/nanoid'))
    const tarballs = [packed, ...dependencies].map((each) => join(ground, each?.filename ?? ''))
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    const settings = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts']
    await run(folder, 'npm', 'install', ...settings, ...tarballs)
    return { folder, files: packed?.files.map((file) => file.path) ?? [], remove }
  } catch (error) {
    remove()
    throw error
  }
}

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

async function pack(into: string, ...folders: readonly string[]): Promise<Packed[]> {
  const options = ['--json', '--ignore-scripts', '--pack-destination', into]
  // What npm prints with --json is its documented form; a file that is not there would fail the installation.
  return JSON.parse(await run(into, 'npm', 'pack', ...options, ...folders)) as Packed[]
}

async function run(folder: string, program: string, ...options: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
  try {
    const { stdout } = await exec(program, options, { cwd: folder, env, maxBuffer: 2 ** 26 })
    return stdout
  } catch (error) {
    const [out, err] =
      error instanceof Error ? ['stdout', 'stderr'].map((name) => Reflect.get(error, name)) : []
    throw new Error(`${program} ${options[0]} failed:\n${String(out)}\n${String(err)}`, { cause: error })
  }
}
