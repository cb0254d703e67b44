import { owned } from '../machine/decide.ts'
import {
  decideCancel,
  decideEdit,
  decideErase,
  decidePause,
  decideRedrive,
  decideRemove,
  decideResume,
  refuseUnsent,
} from '../machine/operate.ts'
import type { Now } from '../machine/events.ts'
import { list } from '../machine/query.ts'
import type { State } from '../machine/state.ts'
import type { Decision, SubmitOptions } from '../replica/types.ts'
import { validated } from '../worker/payload.ts'
import { checkFilter, is, list as listOf } from './check.ts'
import type { EnqueueItem, EnqueueOptions, KindMap } from './options.ts'
import { judged, knownKind, type Prepared, prepare, takeIn } from './intake.ts'
import type { Parts } from './parts.ts'
import { knowing } from './reads.ts'
import { decodePayload, encodePayload } from './payload.ts'
import type { Enqueued, JobFilter } from './types.ts'

/** Rejects for what is wrong with its arguments, too. No promise but the one it returns, where nothing is waited for. */
export function enqueue(
  parts: Parts,
  kind: string,
  payload: unknown,
  options: EnqueueOptions,
): Promise<Enqueued> {
  try {
    const known = knownKind(parts.kinds, kind)
    const prepared = prepare(parts.mint(), known, payload, options, parts)
    // Only a schema is waited for: enqueues of one turn then share an entry.
    return judged(prepared)?.then(() => take(parts, prepared)) ?? take(parts, prepared)
  } catch (error) {
    return Promise.reject(error)
  }
}

function take(parts: Parts, prepared: Prepared): Promise<Enqueued> {
  const { backlog, deciding, store } = parts
  return admit(parts, (state, drafting) =>
    takeIn(prepared, backlog, store.durable, state, drafting, deciding(drafting)),
  )
}

export async function enqueueAll(parts: Parts, items: readonly EnqueueItem<KindMap>[]): Promise<Enqueued[]> {
  listOf(is('object'))('items', items)
  const prepared = items.map(({ kind, payload, ...options }) =>
    prepare(parts.mint(), knownKind(parts.kinds, kind), payload, options, parts),
  )
  await Promise.all(prepared.filter(({ kind }) => kind.schema).map(judged))
  const { backlog, deciding, store } = parts
  return admit(
    parts,
    (state, drafting) => {
      const facts = deciding(drafting)
      return prepared.map((each) => takeIn(each, backlog, store.durable, state, drafting, facts))
    },
    { grows: true, size: prepared.length },
  )
}

const growing: SubmitOptions = { grows: true }

/** Takes in; while the queue is being destroyed, what becomes of that comes first. */
export function admit<T>(parts: Parts, decide: Decision<T>, options: SubmitOptions = growing): Promise<T> {
  const { replica, erasure } = parts
  if (erasure.current === undefined) return replica.submit(decide, options)
  return erasure.current.then(() => admit(parts, decide, options))
}

export function cancel({ replica, deciding }: Parts, id: string): Promise<'cancelled' | 'requested'> {
  return replica.submit((state, drafting) => decideCancel(state, id, deciding(drafting)))
}

export async function redrive(parts: Parts, which: string | JobFilter): Promise<number> {
  if (typeof which !== 'string') checkFilter(which)
  const { replica, deciding, owner } = parts
  return replica.submit((state, drafting) => {
    const facts = deciding(drafting)
    const ids = typeof which === 'string' ? [which] : matching(state, owner, which, drafting.now)
    for (const id of ids) decideRedrive(state, id, facts)
    return ids.length
  })
}

/** All that match, the dead ones unless the filter has a state. */
function matching(state: State, owner: string, filter: JobFilter, now: Now): string[] {
  const { limit = Number.POSITIVE_INFINITY, state: states = 'dead' } = filter
  return list(state, owner, { ...filter, limit, state: states }, now).jobs.map((job) => job.id)
}

export async function edit(parts: Parts, id: string, payload: unknown): Promise<void> {
  const { replica, deciding, owner, kinds } = parts
  const job = owned(await knowing(replica, owner, id), owner, id)
  const kind = kinds.get(job.kind)
  const given = encodePayload(payload, job.kind, parts)
  const { value, ...encoded } = given
  if (kind?.schema) await validated(kind.schema, decodePayload(given), job.kind)
  // A kind that is not known here is edited in the version it has.
  const version = kind === undefined ? job.version : kind.version === 1 ? undefined : kind.version
  await replica.submit(
    (state, drafting) => {
      const before = decideEdit(state, id, { ...encoded, version }, deciding(drafting))
      if (encoded.beside !== undefined) drafting.put(id, value)
      else if (before.beside !== undefined) drafting.drop(id)
    },
    { grows: true },
  )
}

export async function remove({ replica, deciding }: Parts, id: string): Promise<void> {
  await replica.submit((state, drafting) => {
    const job = decideRemove(state, id, deciding(drafting))
    if (job.beside !== undefined) drafting.drop(id)
  })
}

export async function pause({ replica, deciding }: Parts): Promise<void> {
  await replica.submit((state, drafting) => decidePause(state, true, deciding(drafting)))
}

export async function resume(parts: Parts, kind: string | undefined): Promise<void> {
  const { replica, deciding, sender, owner, kinds } = parts
  await replica.submit((state, drafting) => {
    // A hold that is shown can be ended, also where its kind is not known.
    if (kind !== undefined && !state.hold(owner, kind)) knownKind(kinds, kind)
    const facts = deciding(drafting)
    if (kind === undefined) decidePause(state, false, facts)
    decideResume(state, kind, facts)
  })
  sender?.resume()
}

/** @throws QueueError `unsent` while jobs are unfinished or acknowledgements unsent. */
export async function mayDestroy({ replica, owner }: Parts): Promise<void> {
  await replica.catchUp()
  refuseAny(await replica.open(), owner)
}

/**
 * Erases the owner's part, or with the default owner everybody's, in one entry; refuses, unless forced, in that same
 * entry, so that nothing can come in between.
 */
export async function erase({ replica, owner, deciding }: Parts, force: boolean): Promise<void> {
  await replica.submit(
    (state, drafting) => {
      if (!force) refuseAny(state, owner)
      for (const each of owner === '' ? ownersOf(state) : [owner]) {
        for (const job of decideErase(state, { ...deciding(drafting), owner: each })) {
          if (job.beside !== undefined) drafting.drop(job.id)
        }
      }
    },
    { fresh: true },
  )
}

function refuseAny(state: State, owner: string): void {
  const isAll = owner === ''
  const jobs = [...state.jobs.values()].filter((job) => isAll || job.owner === owner)
  refuseUnsent(state, isAll ? undefined : owner, jobs)
}

/** Everyone who has anything that `erased` erases. */
function ownersOf({ jobs, outboxes, holds, rejects }: State): Set<string> {
  const rows = [jobs, outboxes, holds, rejects].flatMap((table) => [...table.values()])
  return new Set(rows.map(({ owner }) => owner))
}
