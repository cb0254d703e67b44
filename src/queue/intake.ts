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
  readonly kind: Kind
  readonly encoded: EncodedPayload
  /** How long it waits until then is known once it is decided on. */
  readonly availableAt: number | undefined
  readonly request: EnqueueRequest
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
  const encoded = encodePayload(payload, kind.kind, limits)
  const { availableAt } = options
  return { kind, encoded, availableAt, request: requestOf(id, kind, encoded, options) }
}

/** What the kind's schema says of the payload; `undefined` where there is none, so that nothing is waited for. */
export function judged({ kind, encoded }: Prepared): Promise<unknown> | undefined {
  return kind.schema && validated(kind.schema, decodePayload(encoded), kind.kind)
}

function requestOf(
  id: string,
  kind: Kind,
  { payload, beside }: EncodedPayload,
  options: EnqueueOptions,
): EnqueueRequest {
  const { key, dedupeKey, dedupeMs: ms, onDuplicate = 'keep', debounceMaxMs, priority, expiresInMs } = options
  const taken = options.while ? [...options.while] : ms === undefined ? unfinished : []
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
    waitMs: options.delayMs,
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
  const { encoded, availableAt, request: asked } = prepared
  const request =
    availableAt === undefined ? asked : { ...asked, waitMs: Math.max(0, availableAt - drafting.now.wall) }
  const { id, outcome, taken, superseded } = decideEnqueue(state, request, backlog, deciding)
  if (taken && encoded.beside !== undefined) drafting.put(id, encoded.value)
  else if (superseded) drafting.drop(id)
  return { id, outcome, durable }
}
