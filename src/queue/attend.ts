import type { LogEntry, LogEvent } from '../machine/events.ts'
import type { State } from '../machine/state.ts'
import type { Replica, StoreNotice } from '../replica/types.ts'
import type { Sender } from '../sync/types.ts'
import type { Emitter } from './emitter.ts'
import type { NamedEvent, StoreState } from './events.ts'
import { told } from './tell.ts'

/**
 * Hands what is committed, and how the store is, to the queue's listeners. What an event says is noted when its fact
 * is folded: the facts after it, of the same entry or of others read with it, may do away with its job.
 */
export function attend(
  replica: Replica,
  owner: string,
  emitter: Emitter,
  sender: Sender | undefined,
  store: { current: StoreState },
): void {
  const notes = new WeakMap<LogEvent, readonly NamedEvent[]>()
  let wasBusy = false

  const tell = (entry: LogEntry): void => {
    for (const fact of emitter.hearsOfFacts ? entry.events : []) {
      for (const noted of notes.get(fact) ?? []) emitter.emit(...noted)
    }
  }
  const lookForWork = (at: number | undefined): void => {
    const { state } = replica
    if (state === undefined) return
    const isBusy = hasWork(state, owner)
    if (wasBusy && !isBusy && at !== undefined) emitter.emit('idle', { at })
    wasBusy = isBusy
  }

  const note = (event: LogEvent, state: State): void => {
    notes.set(event, [...told(state, event, owner)])
  }

  replica.listen({
    get fact() {
      return emitter.hearsOfFacts ? note : undefined
    },
    entry(entry) {
      tell(entry)
      // Of several that are told together, only the last is what the state says.
      if (entry.seq === replica.state?.seq) lookForWork(entry.at)
    },
    notice(notice: StoreNotice) {
      if (notice.state !== 'lost') store.current = notice.state
      if (notice.state === 'opened') sender?.start()
      if (notice.state === 'opened' || notice.state === 'reloaded') lookForWork(undefined)
      emitter.emit('store', notice)
    },
  })
}

/** Whether something of this owner runs, or could. */
function hasWork(state: State, owner: string): boolean {
  const { ready } = state.index
  for (const lane of ready.lanes(owner)) {
    if (lane.counts.running > 0 || ready.peek(lane) !== undefined) return true
  }
  return false
}
