import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CDPSession, chromium } from 'playwright-core'
import type { Session } from './session.ts'

/** A second connection to Chromium's page of the bench, by where it says in its profile that it listens. */
export async function openProtocol({ profile, url }: Session): Promise<CDPSession> {
  const [port, path] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').trim().split('\n')
  const browser = await chromium.connectOverCDP(`ws://127.0.0.1:${port}${path}`, { noDefaults: true })
  const page = browser
    .contexts()[0]
    ?.pages()
    .find((each) => each.url().startsWith(url))
  if (page === undefined) throw new Error('Cannot find the page of the bench')
  return page.context().newCDPSession(page)
}
