import { attach } from 'holdfast/service-worker'
import { openWrites } from './holdfast-queue.ts'
import { takeOver } from './worker.ts'

takeOver()
attach(openWrites({ runs: ['send'] }))
