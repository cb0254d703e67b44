import { type Group, lineOf, startGroup } from '../engines/drivers/processes.ts'
import { chromiumArgs } from '../tools/chromium.ts'
import { ensureEngine } from '../tools/engines.ts'
import { connect, type DevTools, type DevToolsEvent, field, member, type Session } from './devtools.ts'
import { mark } from './page/told.ts'
import { until } from './until.ts'

/** A tab, or a service worker. */
export interface Target extends Session {
  readonly id: string
  readonly type: string
  /** The names of the contexts that told something from it, oldest first: another one after each load. */
  readonly contexts: string[]
  /** Why the browser kept no page of it for the back button, the last time it was asked. */
  refusal: string
}

/** A target that went down with its process, and what ran in it. */
export interface Crash {
  readonly target: Target
  readonly context: string
}

/** A whole Chromium of its own, on a profile that outlives it. */
export interface Browser {
  /** Every tab and every worker that is alive, the oldest first. */
  readonly targets: ReadonlyMap<string, Target>
  /** A tab that shows nothing, for what needs no tab in particular. */
  readonly overseer: Target
  /** Whose service worker is registered, by its scope. */
  readonly registrations: ReadonlyMap<string, string>
  /** What was in a process that crashed: workers and tabs of a site may share one. */
  readonly crashed: readonly Crash[]
  /** Whether a service worker runs, and how often one was seen stopped. */
  readonly workers: Workers
  open(url: string): Promise<Target>
  close(target: Target): Promise<void>
  /** Takes everybody's network, or gives it back. */
  cut(isCut: boolean): Promise<void>
  /** What it was asked and has not answered yet. */
  unanswered(): string[]
  /** Kills every process of it at once, as a power cut would; resolves when the browser is gone. */
  kill(): Promise<void>
}

export interface Workers {
  isRunning: boolean
  stops: number
}

export interface Listener {
  /** What a context told: JSON. */
  heard(told: string, target: Target): void
  /** Workers were seen stopped, by whose will ever. */
  stopped(workers: readonly Target[]): void
}

export async function startBrowser(profile: string, listener: Listener): Promise<Browser> {
  const { browser: program } = await ensureEngine('chromium')
  const group = startGroup(program, chromiumArgs(profile), {}, ['ignore', 'ignore', 'pipe'])
  try {
    return await drive(group, listener)
  } catch (error) {
    await group.kill()
    throw error
  }
}

async function drive(group: Group, listener: Listener): Promise<Browser> {
  /** By their sessions. */
  const targets = new Map<string, Target>()
  const registrations = new Map<string, string>()
  const workers = { isRunning: false, stops: 0 }
  const watch = createWatch(workers, () =>
    listener.stopped([...targets.values()].filter(({ type }) => type === 'service_worker')),
  )
  const crashed: Crash[] = []
  let isCut = false
  const endpoint = await lineOf(group.child.stderr, /^DevTools listening on (ws:\S+)/)
  const devTools = await connect(endpoint, (event) => hear(event))
  const root = devTools.session()

  const attach = async ({ params }: DevToolsEvent): Promise<void> => {
    const target = targetOf(devTools, params)
    if (target.type === 'page' || target.type === 'service_worker') {
      targets.set(target.session, target)
      await target.send('Runtime.enable')
      if (target.type === 'page') await target.send('Page.enable')
      if (isCut) await cutOff(target, true)
    }
  }
  const hear = (event: DevToolsEvent): void => {
    const { method, params, session = '' } = event
    const target = targets.get(session)
    // Whatever it was, a target that is gone already needs none of it.
    if (method === 'Target.attachedToTarget') attach(event).catch(() => undefined)
    if (method === 'Target.detachedFromTarget') targets.delete(field(params, 'sessionId') ?? '')
    if (method === 'Inspector.targetCrashed' && target) {
      crashed.push({ target, context: target.contexts.at(-1) ?? '' })
    }
    if (method === 'Page.backForwardCacheNotUsed' && target) target.refusal = reasonsIn(params)
    if (method === 'ServiceWorker.workerRegistrationUpdated') noteRegistrations(registrations, params)
    if (method === 'ServiceWorker.workerVersionUpdated') watch(params)
    if (method !== 'Runtime.consoleAPICalled' || target === undefined) return
    const [first] = member(params, 'args') as readonly unknown[]
    const said = field(first, 'value')
    if (said?.startsWith(mark)) listener.heard(said.slice(mark.length), target)
  }
  await root.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true })
  const open = async (url: string): Promise<Target> => {
    const { targetId } = await root.send('Target.createTarget', { url: 'about:blank' })
    const target = await until('a new tab', () => [...targets.values()].find(({ id }) => id === targetId))
    await target.send('Page.navigate', { url })
    return target
  }
  const overseer = await open('about:blank')
  await overseer.send('ServiceWorker.enable')
  return {
    targets,
    overseer,
    registrations,
    workers,
    crashed,
    open,
    async close({ id }) {
      await root.send('Target.closeTarget', { targetId: id })
      await until('a closed tab', () => [...targets.values()].every((each) => each.id !== id))
    },
    async cut(cut) {
      isCut = cut
      // One that ends meanwhile has no network either way.
      await Promise.all([...targets.values()].map((each) => cutOff(each, cut).catch(() => undefined)))
    },
    unanswered: devTools.unanswered,
    kill: () => group.kill(),
  }
}

function targetOf(devTools: DevTools, params: unknown): Target & { readonly session: string } {
  const info = member(params, 'targetInfo')
  const session = field(params, 'sessionId') ?? ''
  return {
    ...{ session, ...devTools.session(session) },
    ...{ id: field(info, 'targetId') ?? '', type: field(info, 'type') ?? '' },
    ...{ contexts: [], refusal: '' },
  }
}

function reasonsIn(params: unknown): string {
  const told = member(params, 'notRestoredExplanations') as readonly unknown[]
  return told.map((each) => field(each, 'reason')).join(', ')
}

async function cutOff(target: Session, offline: boolean): Promise<void> {
  if (offline) await target.send('Network.enable')
  const asBefore = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
  await target.send('Network.emulateNetworkConditions', { offline, ...asBefore })
  if (!offline) await target.send('Network.disable')
}

function noteRegistrations(known: Map<string, string>, params: unknown): void {
  for (const each of member(params, 'registrations') as readonly unknown[]) {
    const [scope = '', id = ''] = [field(each, 'scopeURL'), field(each, 'registrationId')]
    if (member(each, 'isDeleted') === true) known.delete(scope)
    else known.set(scope, id)
  }
}

/** Follows what versions of the worker do. */
function createWatch(workers: Workers, stopped: () => void): (params: unknown) => void {
  const statuses = new Map<string, string>()
  return (params) => {
    for (const each of member(params, 'versions') as readonly unknown[]) {
      const [id = '', status = ''] = [field(each, 'versionId'), field(each, 'runningStatus')]
      if (status === 'stopped' && (statuses.get(id) ?? status) !== status) {
        workers.stops += 1
        stopped()
      }
      statuses.set(id, status)
    }
    workers.isRunning = [...statuses.values()].includes('running')
  }
}
