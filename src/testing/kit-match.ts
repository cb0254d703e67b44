import type { JobView } from '../index.ts'

/** A job, with its payload as far as it is still there: a completed job's large one is not. */
export interface EnqueuedJob extends JobView {
  readonly payload: unknown
}

/** Which jobs are meant. What is not given does not matter. */
export interface JobMatch<Kind extends string = string> {
  readonly kind?: Kind
  readonly state?: JobView['state']
  readonly key?: string
  readonly dedupeKey?: string
  /** What the payload must have (of objects only the properties given here), or a function that tells. */
  readonly payload?: unknown
}

/** Whether a job is meant. */
export function isMeant(job: EnqueuedJob, { payload, ...facts }: JobMatch): boolean {
  if (!includes(job, facts)) return false
  if (typeof payload === 'function') return Boolean(payload(job.payload))
  return payload === undefined || includes(job.payload, payload)
}

/** Whether a value has everything that is wanted of it. */
function includes(value: unknown, wanted: unknown): boolean {
  if (Object.is(value, wanted)) return true
  if (typeof value !== 'object' || typeof wanted !== 'object' || value === null || wanted === null)
    return false
  if (Object.getPrototypeOf(value) !== Object.getPrototypeOf(wanted) && !isPlain(wanted)) return false
  if (value instanceof Date && wanted instanceof Date) return value.getTime() === wanted.getTime()
  if (value instanceof Blob && wanted instanceof Blob)
    return value.size === wanted.size && value.type === wanted.type
  if (ArrayBuffer.isView(wanted) || Array.isArray(wanted) || wanted instanceof Map || wanted instanceof Set) {
    const [given, expected] = [[...iterable(value)], [...iterable(wanted)]]
    return given.length === expected.length && expected.every((item, place) => includes(given[place], item))
  }
  return Object.entries(wanted).every(
    ([name, item]) => item === undefined || includes(Reflect.get(value, name), item),
  )
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype
}

function iterable(value: object): Iterable<unknown> {
  return Symbol.iterator in value ? (value as Iterable<unknown>) : []
}

/** The jobs, one a line, for a message. */
export function describeJobs(jobs: readonly EnqueuedJob[]): string {
  if (jobs.length === 0) return '  (none)'
  return jobs
    .map(({ kind, state, key, payload }) => `  ${describe({ kind, state, key, payload })}`)
    .join('\n')
}

/** What is meant, for a message. */
export function describe(match: { readonly [Name in keyof JobMatch]: JobMatch[Name] | undefined }): string {
  const { payload, ...facts } = match
  const shown = Object.entries(facts).filter(([, value]) => value !== undefined)
  const parts = shown.map(([name, value]) => `${name}: ${String(value)}`)
  if (payload !== undefined) parts.push(`payload: ${show(payload)}`)
  return parts.length === 0 ? 'any job' : parts.join(', ')
}

function show(value: unknown): string {
  if (typeof value === 'function') return `matching ${value.name || 'a function'}`
  if (value instanceof Map) return `Map ${show([...value])}`
  if (value instanceof Set) return `Set ${show([...value])}`
  if (value instanceof Blob) return `${value.constructor.name} of ${value.size} bytes`
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
