import type { TestProject } from 'vitest/node'
import { installTarball } from './installed.ts'

/** Installs the package once for all tests of this project. */
export async function setup(project: TestProject): Promise<() => void> {
  const { remove, ...installation } = await installTarball()
  project.provide('installation', installation)
  return remove
}
