import { completedType, deadType, ackId, isRecord, isSequence, lostIdOf, lostType } from '../sync/wire.ts'

interface Field {
  readonly test: (value: unknown) => boolean
  /** What it must be, to end a sentence. */
  readonly is: string
}

type Fields = Readonly<Record<string, Field>>

const types: readonly unknown[] = [completedType, deadType, lostType]
const name: Field = { test: isName, is: 'text of 1 to 1024 characters, none of them a control character' }
const text: Field = { test: isText, is: 'text of up to 8192 characters' }
const sequence: Field = { test: isSequence, is: 'a whole number from 1' }
const instant: Field = { test: isInstant, is: 'an instant in epoch milliseconds' }

const envelopeFields: Fields = {
  specversion: { test: (value) => value === '1.0', is: '"1.0"' },
  type: { test: (value) => types.includes(value), is: 'a type of Holdfast' },
  source: { test: isSource, is: '/holdfast/<queue>/<outbox>' },
  id: name,
  time: { test: isTime, is: 'an RFC 3339 time' },
  sequence: { test: isSequenceText, is: 'a whole number from 1, as up to 16 digits in a string' },
}

export const factFields: Fields = {
  kind: text,
  key: orElse(null, text),
  attempt: { test: isCount, is: 'a whole number' },
  finish: sequence,
  enqueuedAt: instant,
  finishedAt: instant,
}

export const completedFields: Fields = {
  ...factFields,
  result: { test: isResult, is: 'JSON of up to 16384 characters' },
}

const lostFields: Fields = { from: sequence, to: sequence }

export const errorFields: Fields = {
  reason: name,
  name: orElse(undefined, text),
  message: orElse(undefined, text),
  status: orElse(undefined, { test: Number.isSafeInteger, is: 'a whole number' }),
}

/** What keeps a parsed value from being a `WireEvent`, or `undefined` when nothing does. */
export function faultInEvent(event: unknown): string | undefined {
  if (!isRecord(event)) return 'it is not an object'
  const { data } = event
  const fault = faultIn(event, envelopeFields, '')
  if (fault !== undefined) return fault
  if (!isRecord(data)) return 'data is not an object'
  return event.type === lostType ? faultInLost(event, data) : faultInAck(event, data)
}

type Values = Readonly<Record<string, unknown>>

function faultInAck({ type, id, sequence, subject }: Values, data: Values): string | undefined {
  if (!isName(subject)) return `subject is not ${name.is}`
  const isDead = type === deadType
  const fault =
    faultIn(data, isDead ? factFields : completedFields, 'data.') ??
    (isDead ? faultInError(data.error) : undefined)
  if (fault !== undefined) return fault
  return id === ackId(Number(sequence), subject) ? undefined : 'id is not <sequence>-<subject>'
}

function faultInError(error: unknown): string | undefined {
  return isRecord(error) ? faultIn(error, errorFields, 'data.error.') : 'data.error is not an object'
}

function faultInLost({ id, sequence }: Values, data: Values): string | undefined {
  const fault = faultIn(data, lostFields, 'data.')
  if (fault !== undefined) return fault
  const to = Number(sequence)
  if (data.to !== to || Number(data.from) > to) return 'data.from to data.to does not end at sequence'
  return id === lostIdOf(to) ? undefined : 'id is not <sequence>-lost'
}

/** Of a value without faults, the fields that were looked at: what was not checked is not handed on. */
export function checked<Value extends object>(value: Value, fields: Fields): Value {
  const entries = Object.entries(value).filter(([key]) => Object.hasOwn(fields, key))
  return Object.fromEntries(entries) as Value
}

function faultIn(record: Values, fields: Fields, path: string): string | undefined {
  for (const [key, { test, is }] of Object.entries(fields)) {
    if (!test(record[key])) return `${path}${key} is not ${is}`
  }
  return undefined
}

function orElse(alternative: null | undefined, { test, is }: Field): Field {
  return { test: (value) => value === alternative || test(value), is: `${is} or ${alternative}` }
}

/** Control characters and lone surrogates do not come back from every database as they went in. */
export function isName(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > 1_024) return false
  return value.isWellFormed() && !/\p{Cc}/u.test(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 8_192
}

/** As much as a device sends; absent where a handler returned nothing. */
function isResult(value: unknown): boolean {
  return value === undefined || JSON.stringify(value).length <= 16_384
}

// The characters of a URI alone, and within two segments: so that one queue has one spelling.
function isSource(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^\/holdfast(\/[\w.~!$&'()*+,;=:@%-]+){2}$/.test(value) &&
    value.length <= 4_096
  )
}

function isTime(value: unknown): boolean {
  const time = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
  return typeof value === 'string' && time.test(value) && Number.isFinite(Date.parse(value))
}

function isSequenceText(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) && isSequence(Number(value))
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isInstant(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15
}

/** What was percent-encoded, or `undefined` where it cannot have been. */
export function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
