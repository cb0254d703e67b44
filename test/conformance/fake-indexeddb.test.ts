import 'fake-indexeddb/auto'
import { test } from 'vitest'
import { indexedDbStore } from '../../src/store/indexeddb.ts'
import { storeConformance } from '../../src/testing/conformance.ts'

storeConformance({ test, factory: indexedDbStore, reopen: indexedDbStore })
