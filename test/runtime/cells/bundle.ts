import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Installed } from '../installed.ts'

const here = fileURLToPath(new URL('..', import.meta.url))

/** Puts the suite and the cells' programs beside the installed package. */
export function bring({ folder }: Installed): void {
  for (const part of ['behaviour', 'cells', 'matrix.ts']) {
    cpSync(join(here, part), join(folder, part), { recursive: true })
  }
}

/** One of the cells' programs as a user would deploy it: in the project that has the package installed. */
export async function bundled(installed: Installed, name: string, conditions: string[]): Promise<string> {
  bring(installed)
  const { outputFiles } = await build({
    entryPoints: [join(installed.folder, 'cells', name)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions,
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}
