import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Note } from './contract.ts'

const folder = fileURLToPath(new URL('notes/', import.meta.url))

/** All notes, by their numbers: every exported value of the files in `notes/`. */
export async function loadNotes(): Promise<readonly Note[]> {
  const files = globSync('*.ts', { cwd: folder }).sort()
  const modules = await Promise.all(files.map((file): Promise<object> => import(`${folder}${file}`)))
  const notes = modules.flatMap((module): unknown[] => Object.values(module)).map(checked)
  return notes.sort((one, other) => one.number - other.number)
}

function checked(value: unknown): Note {
  const { number, name, run }: Partial<Record<keyof Note, unknown>> = Object(value)
  if (typeof number !== 'number' || typeof name !== 'string' || typeof run !== 'function') {
    throw new TypeError(
      `Cannot load the notes: ${String(value)} is exported by a file in notes/, and is none`,
    )
  }
  return value as Note
}
