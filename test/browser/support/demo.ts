import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { type Servers, startServers } from '../../../demo/server/start.ts'
import { png } from './images.ts'
import { scratchDirectory } from './scratch.ts'

/** The demo's servers, which can go away and come back at the same addresses with what they had. */
export interface Demo {
  readonly siteUrl: string
  /** The servers that run now. */
  readonly servers: Servers
  stop(): Promise<void>
  /** `release` names another page than before. */
  start(release?: string): Promise<void>
  /** What lies in the visitor's folder on the server's disk, each as a digest, in order. */
  hashes(): string[]
}

/** Starts the demo's servers on free ports. Stopped when the test is over. */
export async function serveDemo(): Promise<Demo> {
  const dataDir = scratchDirectory()
  let servers = await startServers({ port: 0, apiPort: 0, dataDir })
  let isRunning = true
  const stop = async (): Promise<void> => {
    if (isRunning) await servers.close()
    isRunning = false
  }
  onTestFinished(stop)
  const ports = { port: portOf(servers.siteUrl), apiPort: portOf(servers.apiUrl) }
  return {
    siteUrl: servers.siteUrl,
    get servers() {
      return servers
    },
    stop,
    async start(release) {
      servers = await startServers({ ...ports, dataDir, release })
      isRunning = true
    },
    hashes() {
      const folder = join(dataDir, 'photos', 'visitor')
      return readdirSync(folder)
        .map((name) => sha256(readFileSync(join(folder, name))))
        .sort()
    },
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

/** A file as the page's chooser takes it. */
export interface Picture {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

/** Pictures named `shore-1` and so on, each of another size. */
export function pictures(count: number): Picture[] {
  return Array.from({ length: count }, (_, index) => {
    return { name: `shore-${index + 1}.png`, mimeType: 'image/png', buffer: png(40 + index, 40) }
  })
}

/** What {@link Demo.hashes} is once these have arrived, each of them once. */
export function hashesOf(files: readonly Picture[]): string[] {
  return files.map(({ buffer }) => sha256(buffer)).sort()
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export const pick = (page: Page, files: Picture[]): Promise<void> => page.setInputFiles('#files', files)

export const texts = (page: Page, selector: string): Promise<string[]> =>
  page.locator(`${selector} >> visible=true`).allInnerTexts()

/** The photos listed under Uploads, newest first. */
export const titles = (page: Page): Promise<string[]> => texts(page, '#jobs h3')
