import { amount, checkFilter, is, options as having } from './check.ts'
import { drain } from './drain.ts'
import { tellDue } from './due.ts'
import { besideLog } from './emitter.ts'
import type { Queue, Transaction } from './face.ts'
import type { EnqueueItem, EnqueueOptions, KindMap } from './options.ts'
import type { Parts } from './parts.ts'
import * as reads from './reads.ts'
import { transact } from './transact.ts'
import type { DrainOptions, LeaveOptions } from './types.ts'
import * as verbs from './verbs.ts'
import { createView } from './view.ts'

/** How long `stop()` lets handlers go on, unless told (milliseconds). */
const graceMs = 5_000

const checkStop = having<{ readonly graceMs: number }>({ graceMs: amount(0) })
const checkLeave = having<LeaveOptions>({ flush: is('boolean') })
const checkDrain = having<DrainOptions>({ signal: is('object'), deadlineMs: amount(0) })
const checkWait = having<{ readonly signal: AbortSignal }>({ signal: is('object') })
const checkDestroy = having<{ readonly force: boolean }>({ force: is('boolean') })

/** A queue's public methods, on what it is wired of. */
export function methodsOf(parts: Parts): Queue {
  const { name, owner } = parts
  return {
    ...{ name, owner },
    ...writing(parts),
    ...running(parts),
    ...reading(parts),
    ...ending(parts),
  } as Queue
}

function writing(parts: Parts) {
  return {
    enqueue: (kind: string, payload?: unknown, options: EnqueueOptions = {}) =>
      verbs.enqueue(parts, kind, payload, options),
    enqueueAll: (items: readonly EnqueueItem<KindMap>[]) => verbs.enqueueAll(parts, items),
    transact: <T>(storeNames: readonly string[], work: (tx: Transaction) => T | Promise<T>) =>
      transact(parts, storeNames, work),
    pause: () => verbs.pause(parts),
    resume: (kind) => verbs.resume(parts, kind),
    cancel: (id) => verbs.cancel(parts, id),
    redrive: (which) => verbs.redrive(parts, which),
    edit: (id, payload) => verbs.edit(parts, id, payload),
    remove: (id) => verbs.remove(parts, id),
  } satisfies Partial<Queue>
}

function running(parts: Parts) {
  const { replica, worker, duty, sender, pulse } = parts
  return {
    start() {
      // A context that left sends again, too.
      sender?.wake()
      return duty.start()
    },
    async stop(options = {}) {
      checkStop('options', options)
      await duty.stop(options.graceMs ?? graceMs)
    },
    async drain(options = {}) {
      checkDrain('options', options)
      return drain(parts, options)
    },
    wake() {
      if (worker.isOn) worker.wake(true)
      else pulse.look()
      sender?.wake()
    },
    async leave(options = {}) {
      checkLeave('options', options)
      // The bye first: what comes after may not be sent any more.
      await Promise.all([duty.leave(), sender?.leave(options)])
    },
    rejoin() {
      sender?.wake()
      return duty.rejoin()
    },
    async flush(options = {}) {
      checkWait('options', options)
      await replica.open()
      await sender?.flush(options)
    },
  } satisfies Partial<Queue>
}

function reading(parts: Parts) {
  const { replica, emitter, results, owner, clock, pulse } = parts
  const warn = (cause: unknown): void =>
    emitter.emit('warning', { message: 'Cannot read the queue', cause, id: undefined })
  return {
    on(event, listener) {
      const ends = [emitter.on(event, listener)]
      // Elsewhere no hint gets lost, and a timer would keep a process from its end.
      if (typeof document !== 'undefined' && !besideLog.has(event)) ends.push(pulse.begin())
      if (event === 'due') tellDue(parts)
      return () => {
        for (const end of ends) end()
      }
    },
    get: (id) => reads.getJob(parts, id),
    payload: (id) => reads.readPayload(parts, id),
    list: (filter = {}) => reads.listJobs(parts, filter),
    deadLetters: (filter = {}) => reads.listJobs(parts, { ...filter, state: 'dead' }),
    view: (filter = {}) => {
      checkFilter(filter)
      return createView(replica, owner, filter, clock, pulse, warn)
    },
    info: () => reads.info(parts),
    why: (id) => reads.why(parts, id),
    async result(id: string, options: { readonly signal?: AbortSignal } = {}) {
      checkWait('options', options)
      return results.wait(id, owner, options.signal)
    },
    rejectedAcks: () => reads.rejectedAcks(parts),
  } satisfies Partial<Queue>
}

function ending(parts: Parts) {
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= shut(parts)
    return closing
  }
  return {
    close,
    async destroy(options: { readonly force?: boolean } = {}) {
      checkDestroy('options', options)
      const { force = false } = options
      const erased = erase(parts, force, close)
      const over = erased.then(
        () => undefined,
        () => undefined,
      )
      parts.erasure.current = over
      try {
        await erased
      } finally {
        if (parts.erasure.current === over) parts.erasure.current = undefined
      }
    },
    [asyncDispose]: close,
  } satisfies Partial<Queue>
}

/** Refused, it leaves everything as it was, what runs included. */
async function erase(parts: Parts, force: boolean, close: () => Promise<void>): Promise<void> {
  const { duty, sender, owner, store } = parts
  if (!force) await verbs.mayDestroy(parts)
  const wasStarted = duty.isStarted
  await duty.stop(0)
  await sender?.stop()
  try {
    // By force the store goes as it is, a log that cannot be read included.
    if (!force || owner !== '') await verbs.erase(parts, force)
  } catch (error) {
    await goOn(parts, wasStarted)
    throw error
  }
  try {
    if (owner === '') await store.destroy()
  } finally {
    await close()
  }
}

/** Something came in at the last moment; or the store failed, which only another call may find well again. */
async function goOn({ duty, sender, storeState }: Parts, wasStarted: boolean): Promise<void> {
  if (storeState() === 'closed' || storeState() === 'down') return
  sender?.start()
  if (wasStarted) await Promise.allSettled([duty.start()])
}

/** The platform's symbol, where it has one. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')

async function shut({ duty, sender, replica, detach }: Parts): Promise<void> {
  try {
    await duty.stop(0)
    await sender?.stop()
  } finally {
    detach()
    await replica.close()
  }
}
