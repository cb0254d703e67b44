import 'fake-indexeddb/auto'
import { test } from 'vitest'
import { storeConformance } from '../../src/testing/conformance.ts'
import { applicationStores } from './indexeddb/application.ts'
import { transactCases } from './indexeddb/transact.ts'

storeConformance({ test, ...applicationStores() })
transactCases()
