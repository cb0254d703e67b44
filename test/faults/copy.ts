import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fault } from './fault.ts'

const parts = ['src', 'test', 'demo', 'package.json', 'tsconfig.json', 'README.md']

/** A copy of the project to break. */
export interface Copy {
  readonly root: string
  /** Plants a fault; the function returned mends it. Throws where its place is not there exactly once. */
  plant(fault: Fault): () => void
  remove(): void
}

/** Copies what tests need. The packages are shared; what tools cache beside them is not. */
export function makeCopy(project: string): Copy {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
  for (const part of parts) cpSync(join(project, part), join(root, part), { recursive: true })
  const [theirs, ours] = [join(project, 'node_modules'), join(root, 'node_modules')]
  mkdirSync(ours)
  for (const name of readdirSync(theirs)) {
    if (!name.startsWith('.')) symlinkSync(join(theirs, name), join(ours, name))
  }
  return {
    root,
    plant({ name, file, from, to }) {
      const path = join(root, file)
      const sound = readFileSync(path, 'utf8')
      const places = sound.split(from).length - 1
      if (places !== 1) {
        throw new Error(`Cannot plant "${name}": its place is in ${file} ${places} times, expected once`)
      }
      writeFileSync(
        path,
        sound.replace(from, () => to),
      )
      return () => writeFileSync(path, sound)
    },
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }),
  }
}
