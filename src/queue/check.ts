import { misuse, refuseUnknown } from '../errors.ts'
import type { EnqueueOptions } from './options.ts'
import type { JobFilter } from './types.ts'

/** Throws a TypeError or RangeError that says what `what` is, and what was expected instead. */
export type Check = (what: string, value: unknown) => void

/** A check for each option: none can be forgotten, and whatever else is given is refused. */
export type Checks<T> = { readonly [Name in keyof T & string]: Check }

/** An object with these options, any of which may be absent. */
export function options<T>(checks: Checks<Required<T>>): Check {
  const entries = Object.entries<Check>(checks)
  const names = Object.keys(checks)
  return (what, given) => {
    refuseUnknown(what, given, names)
    for (const [name, check] of entries) {
      const value: unknown = Reflect.get(Object(given), name)
      if (value !== undefined) check(`${what}.${name}`, value)
    }
  }
}

export const anything: Check = () => undefined

export function is(type: 'object' | 'function' | 'boolean' | 'string'): Check {
  return (what, value) => {
    if (typeof value === type && value !== null) return
    throw misuse(what, value, type === 'object' ? 'an object' : `a ${type}`)
  }
}

export const text: Check = (what, value) => {
  if (typeof value !== 'string' || value === '') throw misuse(what, value, 'text that is not empty')
}

export function oneOf(...allowed: readonly string[]): Check {
  return (what, value) => {
    if (typeof value === 'string' && allowed.includes(value)) return
    throw misuse(what, value, allowed.join(', '))
  }
}

export function list(check: Check): Check {
  return (what, value) => {
    if (!Array.isArray(value)) throw misuse(what, value, 'an array')
    for (const [place, each] of value.entries()) check(`${what}[${place}]`, each)
  }
}

/** A number from `min` that fits; `sort` says which those are. */
export function numeric(min: number, sort: string, fits: (value: number) => boolean): Check {
  const expected = `a ${sort}${min === Number.NEGATIVE_INFINITY ? '' : ` of at least ${min}`}`
  return (what, value) => {
    const isNumber = typeof value === 'number'
    if (isNumber && value >= min && fits(value)) return
    const refusal = misuse(what, value, expected)
    throw isNumber ? new RangeError(refusal.message) : refusal
  }
}

/** A number from `min`, not infinite. */
export function number(min: number): Check {
  return numeric(min, 'finite number', Number.isFinite)
}

/** A whole number from `min`, or `Infinity`. */
export function count(min: number): Check {
  return numeric(min, 'whole number', (value) => value % 1 === 0 || value === Number.POSITIVE_INFINITY)
}

/** Milliseconds or bytes from `min`, or `Infinity`. */
export function amount(min: number): Check {
  return numeric(min, 'number', () => true)
}

const states = ['pending', 'running', 'completed', 'dead', 'cancelled']

const checkOptions = options<EnqueueOptions>({
  key: text,
  dedupeKey: text,
  while: list(oneOf(...states)),
  dedupeMs: number(0),
  onDuplicate: oneOf('keep', 'replace', 'debounce', 'queue-one'),
  debounceMaxMs: amount(0),
  priority: number(Number.NEGATIVE_INFINITY),
  delayMs: number(0),
  availableAt: number(0),
  expiresInMs: number(0),
})

/** @throws TypeError or RangeError for options of an enqueue that make no sense, naming what was given. */
export function checkEnqueue(given: EnqueueOptions): void {
  if (isBare(given)) return
  checkOptions('options', given)
  checkExclusive(given, 'delayMs', 'availableAt')
  checkExclusive(given, 'while', 'dedupeMs')
  const needsKey = ['while', 'dedupeMs', 'onDuplicate', 'debounceMaxMs'] as const
  for (const option of needsKey) {
    if (given[option] !== undefined && given.dedupeKey === undefined) {
      throw new TypeError(`Cannot use ${option}: it is given without a dedupeKey`)
    }
  }
}

/** Nothing is given, as most often, and nothing is inherited. */
function isBare(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false
  return Object.getPrototypeOf(given) === Object.prototype && Reflect.ownKeys(given).length === 0
}

function checkExclusive(given: EnqueueOptions, one: keyof EnqueueOptions, other: keyof EnqueueOptions): void {
  if (given[one] === undefined || given[other] === undefined) return
  throw new TypeError(`Cannot use ${one} and ${other}: they are given together, expected one of them`)
}

const state = oneOf(...states, 'scheduled', 'in-line')

const checkAny = options<JobFilter & { readonly after?: string }>({
  state: (what, value) => (Array.isArray(value) ? list(state) : state)(what, value),
  kind: is('string'),
  key: is('string'),
  limit: count(1),
  after: is('string'),
})

/** @throws TypeError or RangeError for a filter that makes no sense. */
export function checkFilter(filter: unknown): void {
  checkAny('filter', filter)
}
