import { test } from 'vitest'
import { memoryStore } from '../../src/store/memory.ts'
import { storeConformance } from '../../src/testing/conformance.ts'

storeConformance({ test, factory: memoryStore })
