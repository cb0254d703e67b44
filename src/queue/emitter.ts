import { reportUncaught } from '../report.ts'
import { is, oneOf } from './check.ts'
import { eventNames, type NamedEvent, type QueueEventName, type QueueEvents } from './events.ts'

type Listener = (event: never) => void

/** Listeners by event. One that throws disturbs nobody: its error goes where the platform reports errors. */
export interface Emitter {
  on<Name extends QueueEventName>(name: Name, listener: (event: QueueEvents[Name]) => void): () => void
  emit(...event: NamedEvent): void
  /** Whether anybody listens to what the log's facts tell. */
  readonly hearsOfFacts: boolean
  /** Whether anybody listens to this. */
  hears(name: QueueEventName): boolean
}

/** Told by what is beside the log. */
export const besideLog: ReadonlySet<QueueEventName> = new Set<QueueEventName>(['store', 'warning'])
/** Told by that, or by the state alone. */
const besideFacts: ReadonlySet<QueueEventName> = new Set<QueueEventName>([...besideLog, 'idle', 'due'])

export function createEmitter(): Emitter {
  const listeners = new Map<QueueEventName, Set<Listener>>()
  return {
    get hearsOfFacts() {
      return [...listeners.keys()].some((name) => !besideFacts.has(name))
    },
    hears: (name) => listeners.has(name),
    on(name, listener) {
      oneOf(...Object.keys(eventNames))('event', name)
      is('function')('listener', listener)
      const set = listeners.get(name) ?? new Set()
      // Its own, so that one function may listen twice.
      const own: Listener = (event) => listener(event)
      listeners.set(name, set.add(own))
      return () => {
        set.delete(own)
        if (set.size === 0 && listeners.get(name) === set) listeners.delete(name)
      }
    },
    emit(...[name, event]: NamedEvent) {
      for (const listener of [...(listeners.get(name) ?? [])]) guarded(() => listener(event as never))
    },
  }
}

/** Calls a function of the user's; what it throws is reported as an uncaught error is. */
export function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    if (reportUncaught(error)) return
    queueMicrotask(() => {
      throw error
    })
  }
}
