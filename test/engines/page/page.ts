/** The script of every page and every worker under test. */
import { hostQueue } from './hosts.ts'
import { createLab } from './lab.ts'
import { pageWire } from './wire.ts'
import { obeyPages } from './workers.ts'

globalThis.lab = createLab()
if (typeof document === 'undefined') {
  obeyPages()
  hostQueue(lab.open)
} else pageWire()
