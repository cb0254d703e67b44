import { indexedDbCases } from './cases.ts'

indexedDbCases()
