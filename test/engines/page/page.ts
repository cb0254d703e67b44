/** The script of every page and every worker under test. */
import { createLab } from './lab.ts'
import { pageWire } from './wire.ts'
import { obeyPages } from './workers.ts'

globalThis.lab = createLab()
if (typeof document === 'undefined') obeyPages()
else pageWire()
