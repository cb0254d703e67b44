import { isQueueError } from '../../errors.ts'
import type { CommitOptions, Decide, Joined, Position, Store } from '../contract.ts'
import { append, nothing } from './append.ts'
import { type Blobs, createBlobs } from './blobs.ts'
import { createHints, type Hints } from './hints.ts'
import { createLink, type Link } from './link.ts'
import { missedSince } from './missed.ts'
import type { Opener } from './open.ts'
import { createPayloads } from './payloads.ts'
import { createReserve, type Reserve } from './reserve.ts'
import { checkpoint, load } from './snapshot.ts'
import { createRun, type Run } from './transaction.ts'

/** Where the object stores of a handle are. */
export interface Home {
  readonly identity: string
  readonly open: Opener
  readonly erase: (link: Link) => Promise<void>
  /** Puts a bye that was refused for this reason, where there is still a way to. */
  readonly leaveLate: (worker: string, reason: unknown) => Promise<void>
  /** Whether the application's data is there, too. */
  readonly isJoint: boolean
}

/** Well under what the engines can send between processes in one piece (Chromium: 128 MiB). */
const maxEntryBytes = 2 ** 23

/** What a handle is made of. */
interface Rooms extends Home {
  readonly hints: Hints
  readonly link: Link
  readonly run: Run
  readonly blobs: Blobs
  readonly estimate: Store['estimate']
  readonly reserve: Reserve
}

/** One handle on a store; nothing is opened before its first call. */
export function openHandle(home: Home): Store {
  const { identity, open } = home
  const hints = createHints(identity)
  const link = createLink(identity, open, hints.tell)
  const run = createRun(link, identity)
  const estimate = estimateOf()
  const reserve = createReserve(run, link, estimate)
  const rooms: Rooms = { ...home, hints, link, run, blobs: createBlobs(), estimate, reserve }
  return {
    ...{ identity, maxEntryBytes, exclusive: false, durable: true },
    ...reading(rooms),
    ...writing(rooms),
    ...ending(rooms),
  }
}

function reading({ identity, run, blobs, link, hints, estimate }: Rooms) {
  return {
    load: () => load(run, identity),
    read: (after) =>
      run({ stores: ['meta', 'log', 'byes'], mode: 'readonly' }, (step) => {
        let missed = nothing
        missedSince(step, after, identity, (all) => {
          missed = all
        })
        return () => missed
      }),
    payload: createPayloads(run, blobs),
    subscribe(listener) {
      link.assertOpen()
      return hints.subscribe(listener)
    },
    ...(estimate && {
      estimate: async () => {
        link.assertOpen()
        return estimate()
      },
    }),
  } satisfies Partial<Store>
}

function writing(rooms: Rooms) {
  const { identity, run, reserve, hints, leaveLate, isJoint } = rooms
  const join: Store['join'] = (after, decide, joined) => write(rooms, after, decide, { joined })
  return {
    commit: (after, decide, how = {}) => write(rooms, after, decide, how),
    ...(isJoint && { join }),
    checkpoint: (...given) => reserve.drawOn(() => checkpoint(run, identity, ...given)),
    leave(worker) {
      const said = reserve.drawOn(() => leave(run, worker))
      const left = said.catch((error: unknown) => leaveLate(worker, error))
      // Whoever reads after this message waits for the transaction.
      hints.postLast()
      return left
    },
  } satisfies Partial<Store>
}

async function write(
  { identity, run, blobs, link, hints, reserve }: Rooms,
  after: Position,
  decide: Decide,
  how: CommitOptions & { readonly joined?: Joined },
): Promise<number | undefined> {
  link.assertOpen()
  try {
    const seq = await append({ run, blobs, limits: { identity, maxEntryBytes } }, after, decide, how)
    if (seq !== undefined) hints.post()
    reserve.refill()
    return seq
  } catch (error) {
    // Not tried again here: what to leave out is the caller's to decide.
    if (isQueueError(error, 'quota-exceeded')) await reserve.free()
    throw error
  }
}

function ending({ link, hints, erase }: Rooms) {
  const close = () => {
    link.close()
    hints.close()
  }
  return {
    async destroy() {
      link.assertOpen()
      try {
        await erase(link)
        hints.post()
      } finally {
        close()
      }
    },
    close: async () => close(),
  } satisfies Partial<Store>
}

// Neither checked nor waited for: in a page that goes away only what was sent at once survives.
function leave(run: Run, worker: string): Promise<void> {
  return run({ stores: ['byes'], mode: 'readwrite' }, (step) => {
    step.store('byes').put(1, worker)
    step.commit()
    return () => undefined
  })
}

function estimateOf(): Store['estimate'] {
  // Absent in runtimes without storage, and in insecure contexts.
  const manager: StorageManager | undefined = globalThis.navigator?.storage
  if (typeof manager?.estimate !== 'function') return undefined
  return async () => {
    const { usage = 0, quota = Number.POSITIVE_INFINITY } = await manager.estimate()
    return { usage, quota }
  }
}
