import { type PayloadIssue, QueueError } from '../errors.ts'
import type { Job } from '../machine/job.ts'
import type { Replica } from '../replica/types.ts'
import type { Schema, SchemaIssue } from '../types.ts'
import type { Kind } from './types.ts'

/** A stored payload cannot be made into what the handler expects: trying again cannot help. */
export interface Unfit {
  readonly reason: 'payload-invalid' | 'migration-failed'
  readonly error: unknown
}

/** The payload as it was stored; each call gives a value of its own. */
export async function storedPayload(job: Job, replica: Replica): Promise<unknown> {
  return job.beside === undefined ? inlinePayload(job) : replica.payload(job.id)
}

/** A payload that is not beside the log. */
export function inlinePayload({ payload }: Job): unknown {
  return payload === undefined ? undefined : JSON.parse(payload)
}

/** Whether the handler gets the payload as it was stored, for all that can be known without looking at it. */
export function fitsAsIs(job: Job, kind: Kind): boolean {
  return job.beside === undefined && kind.schema === undefined && (job.version ?? 1) === kind.version
}

/** The payload as the handler gets it: migrated to this context's version, validated, transformed. */
export async function handlerPayload(
  stored: unknown,
  job: Job,
  kind: Kind,
): Promise<{ readonly payload: unknown } | { readonly unfit: Unfit }> {
  if (job.beside !== undefined && stored === undefined) return { unfit: gone(job) }
  let payload = stored
  const version = job.version ?? 1
  if (version !== kind.version && kind.migrate !== undefined) {
    try {
      payload = await kind.migrate(payload, version)
    } catch (error) {
      return { unfit: { reason: 'migration-failed', error } }
    }
  }
  if (kind.schema === undefined) return { payload }
  try {
    return { payload: await validated(kind.schema, payload, kind.kind) }
  } catch (error) {
    return { unfit: { reason: 'payload-invalid', error } }
  }
}

function gone({ id }: Job): Unfit {
  const error = new QueueError('store-corrupt', `Cannot run job "${id}": its payload is not in the store`)
  return { reason: 'payload-invalid', error }
}

/**
 * What the schema makes of a payload.
 *
 * @throws QueueError `payload-invalid` with the schema's issues.
 */
export async function validated(schema: Schema, payload: unknown, kind: string): Promise<unknown> {
  const result = await schema['~standard'].validate(payload)
  if (result.issues === undefined) return result.value
  const issues = result.issues.map(issueOf)
  const first = issues[0]
  const where = first === undefined ? '' : `: ${['payload', ...first.path].join('.')}: ${first.message}`
  const message = `Cannot take the payload of "${kind}"${where}`
  throw new QueueError('payload-invalid', message, { issues })
}

function issueOf({ message, path = [] }: SchemaIssue): PayloadIssue {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part))
  return { message, path: keys.map((key) => (typeof key === 'symbol' ? String(key) : key)) }
}
