import { misuse, shown } from '../errors.ts'
import { decideEnqueue, type Backlog, type EnqueueRequest } from '../machine/enqueue.ts'
import type { Deciding } from '../machine/decide.ts'
import type { JobState } from '../machine/job.ts'
import type { State } from '../machine/state.ts'
import type { Drafting } from '../replica/types.ts'
import { validated } from '../worker/payload.ts'
import type { Kind } from '../worker/types.ts'
import { checkEnqueue } from './check.ts'
import type { EnqueueOptions } from './options.ts'
import { decodePayload, type EncodedPayload, encodePayload, type PayloadLimits } from './payload.ts'
import type { Enqueued } from './types.ts'

/** An enqueue, checked, cloned and measured: nothing but the state can refuse it now. */
export interface Prepared {
  readonly id: string
  readonly kind: Kind
  readonly encoded: EncodedPayload
  readonly options: EnqueueOptions
}

const unfinished: readonly JobState[] = ['pending', 'running']

/** The kind of that name. @throws TypeError that names the known ones. */
export function knownKind(kinds: ReadonlyMap<string, Kind>, name: unknown): Kind {
  const kind = typeof name === 'string' ? kinds.get(name) : undefined
  if (kind !== undefined) return kind
  const known = [...kinds.keys()].map(shown).join(', ')
  throw misuse('kind', name, `a kind of this queue, which knows ${known || 'none'}`)
}

/**
 * Checks everything that can be known without the log and without waiting. Payload and options are cloned at once: what
 * their owner does with them before they are decided on has no effect.
 */
export function prepare(
  id: string,
  kind: Kind,
  payload: unknown,
  options: EnqueueOptions,
  limits: PayloadLimits,
): Prepared {
  checkEnqueue(options)
  return { id, kind, encoded: encodePayload(payload, kind.kind, limits), options: { ...options } }
}

/** What the kind's schema says of the payload; `undefined` where there is none, so that nothing is waited for. */
export function judged({ kind, encoded }: Prepared): Promise<unknown> | undefined {
  return kind.schema && validated(kind.schema, decodePayload(encoded), kind.kind)
}

function requestOf({ id, kind, encoded, options }: Prepared, now: number): EnqueueRequest {
  const { payload, beside } = encoded
  const { key, dedupeKey, dedupeMs: ms, onDuplicate = 'keep', debounceMaxMs, priority, expiresInMs } = options
  const { delayMs, availableAt } = options
  const waitMs = availableAt === undefined ? delayMs : Math.max(0, availableAt - now)
  const taken = options.while ?? (ms === undefined ? unfinished : [])
  const dedupe = dedupeKey === undefined ? undefined : { key: dedupeKey, while: taken, ms }
  const version = kind.version === 1 ? undefined : kind.version
  const once = kind.once || undefined
  const blocks = kind.deadBlocks || undefined
  return {
    id,
    kind: kind.kind,
    onDuplicate,
    debounceMaxMs,
    payload,
    beside,
    version,
    waitMs,
    priority,
    key,
    dedupe,
    expiresInMs,
    once,
    blocks,
  }
}

/** The decision that takes a prepared job in, with its large payload beside the log. */
export function takeIn(
  prepared: Prepared,
  backlog: Backlog,
  durable: boolean,
  state: State,
  drafting: Drafting,
  deciding: Deciding,
): Enqueued {
  const { encoded } = prepared
  const request = requestOf(prepared, drafting.now.wall)
  const { id, outcome, taken, superseded } = decideEnqueue(state, request, backlog, deciding)
  if (taken && encoded.beside !== undefined) drafting.put(id, encoded.value)
  else if (superseded) drafting.drop(id)
  return { id, outcome, durable }
}
