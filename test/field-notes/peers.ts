import { readFileSync } from 'node:fs'
import type { Peer } from './contract.ts'

/** The version that is installed, as a heading has it: `4.4`. */
function versionOf(packageName: string): string {
  const path = new URL(`../../node_modules/${packageName}/package.json`, import.meta.url)
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return version.split('.').slice(0, 2).join('.')
}

const kinds = 'no kinds: whoever takes a write in sends it'

export const holdfast: Peer = {
  id: 'holdfast',
  title: 'Holdfast',
  places: ['page', 'worker'],
  tag: 'writes',
  lacks: {},
}

const workbox: Peer = {
  id: 'workbox',
  title: `workbox-background-sync ${versionOf('workbox-background-sync')}`,
  places: ['worker'],
  tag: 'workbox-background-sync:writes',
  lacks: {
    sent: 'its loop tells nobody what got through: it would have to be copied',
    failures: 'whatever the server answers counts as sent',
    signedIn: 'whatever the server answers counts as sent',
    topic: 'requests are appended, none can be replaced',
    kinds,
  },
}

const tanstack: Peer = {
  id: 'tanstack',
  title: `offline-transactions ${versionOf('@tanstack/offline-transactions')}`,
  places: ['page'],
  readiness: 'waitForInit()',
  lacks: {
    failures: 'what fails for good is removed, and rejects a promise that a reload forgets',
    signedIn: 'what fails for good is removed',
    topic: 'transactions are appended, none can be replaced',
  },
}

const dexie: Peer = {
  id: 'dexie',
  title: 'Dexie outbox',
  places: ['page'],
  lacks: { topic: 'rows are appended', kinds },
}

/** Everybody who is put through the notes; Holdfast first. */
export const peers: readonly Peer[] = [holdfast, workbox, tanstack, dexie]
