import { indexedDbStore, memoryStore } from 'holdfast'
import { storeConformance } from 'holdfast/testing'
import { applicationStores } from '../../conformance/indexeddb/application.ts'
import { indexedDbCases } from '../../conformance/indexeddb/cases.ts'
import { clearedCases } from '../../conformance/indexeddb/cleared.ts'
import { transactCases } from '../../conformance/indexeddb/transact.ts'
import { behaviour } from '../../runtime/behaviour/behaviour.ts'
import { register } from './runner.ts'

const clearSiteData = async (): Promise<void> => {
  const { ok } = await fetch('/clear-site-data', { method: 'POST' })
  if (!ok) throw new Error('The server did not have the site data cleared')
}

export type SuiteName =
  | 'behaviour, IndexedDB'
  | 'behaviour, memory'
  | 'conformance, application database'
  | 'conformance, IndexedDB'
  | 'conformance, memory'
  | 'IndexedDB adapter'
  | 'rows and jobs'
  | 'site data cleared'

/** What runs within one page, or one worker, by name. */
export const suites: Record<SuiteName, () => void> = {
  'behaviour, IndexedDB': () => behaviour({ test: register, store: indexedDbStore, reopen: indexedDbStore }),
  'behaviour, memory': () => behaviour({ test: register, store: memoryStore }),
  'conformance, IndexedDB': () =>
    storeConformance({ test: register, factory: indexedDbStore, reopen: indexedDbStore }),
  'conformance, application database': () => storeConformance({ test: register, ...applicationStores() }),
  'conformance, memory': () => storeConformance({ test: register, factory: memoryStore }),
  'IndexedDB adapter': indexedDbCases,
  'rows and jobs': transactCases,
  'site data cleared': () => clearedCases(clearSiteData),
}
