/** The page's service worker: keeps the page, and runs its queue when no page does. Bundled by the server's site. */
import { attach } from 'holdfast/service-worker'
import { openQueue } from '../queue.ts'
import { keepPictures } from './pictures.ts'
import type { WorkerScope } from './scope.ts'
import { keepShell, type Shell } from './shell.ts'

/** Put in when this is bundled. */
declare const SHELL: Shell

// In a service worker it has all that is used of it.
const scope = globalThis as unknown as WorkerScope
keepShell(scope, SHELL)
keepPictures(scope, SHELL.apiUrl)
// Not woken by requests: a page that makes any is open, and runs the queue itself.
attach(openQueue(SHELL.apiUrl), { wakeOnFetch: false })
