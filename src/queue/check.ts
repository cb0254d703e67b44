import type { EnqueueOptions } from './options.ts'
import type { JobFilter } from './types.ts'

const states = ['pending', 'running', 'completed', 'dead', 'cancelled']
const modes = ['keep', 'replace', 'debounce', 'queue-one']

/** @throws RangeError unless the number is finite (or `Infinity`, where allowed) and not below `min`. */
export function checkNumber(what: string, value: number | undefined, min: number, infinite = false): void {
  if (value === undefined) return
  const fits = typeof value === 'number' && value >= min && (infinite || value < Number.POSITIVE_INFINITY)
  if (fits) return
  const expected = min === -Number.MAX_VALUE ? 'a finite number' : `a number of at least ${min}`
  throw new RangeError(`Cannot use ${what}: it is ${String(value)}, expected ${expected}`)
}

/** @throws TypeError unless the text is there and not empty. */
export function checkText(what: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return
  const given = value === '' ? 'empty' : `a ${typeof value}`
  throw new TypeError(`Cannot use ${what}: it is ${given}, expected text`)
}

function checkOptionalText(what: string, value: unknown): void {
  if (value !== undefined) checkText(what, value)
}

/** @throws TypeError unless the value is one of those allowed, or absent. */
export function checkOneOf(what: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || (typeof value === 'string' && allowed.includes(value))) return
  throw new TypeError(`Cannot use ${what}: it is ${String(value)}, expected ${allowed.join(', ')}`)
}

/** @throws TypeError or RangeError for options of an enqueue that make no sense, naming what was given. */
export function checkEnqueue(options: EnqueueOptions): void {
  checkOptionalText('key', options.key)
  checkOptionalText('dedupeKey', options.dedupeKey)
  checkNumber('delayMs', options.delayMs, 0)
  checkNumber('availableAt', options.availableAt, 0)
  checkNumber('expiresInMs', options.expiresInMs, 0)
  checkNumber('dedupeMs', options.dedupeMs, 0)
  checkNumber('debounceMaxMs', options.debounceMaxMs, 0, true)
  checkNumber('priority', options.priority, -Number.MAX_VALUE)
  checkOneOf('onDuplicate', options.onDuplicate, modes)
  for (const state of options.while ?? []) checkOneOf('while', state, states)
  checkExclusive(options, 'delayMs', 'availableAt')
  checkExclusive(options, 'while', 'dedupeMs')
  const needsKey = ['while', 'dedupeMs', 'onDuplicate', 'debounceMaxMs'] as const
  for (const option of needsKey) {
    if (options[option] !== undefined && options.dedupeKey === undefined) {
      throw new TypeError(`Cannot use ${option}: it is given without a dedupeKey`)
    }
  }
}

/** @throws TypeError or RangeError for a filter that makes no sense. */
export function checkFilter({ state, limit }: JobFilter): void {
  checkOneOf('state', state, [...states, 'scheduled'])
  checkNumber('limit', limit, 1, true)
}

function checkExclusive(
  options: EnqueueOptions,
  one: keyof EnqueueOptions,
  other: keyof EnqueueOptions,
): void {
  if (options[one] === undefined || options[other] === undefined) return
  throw new TypeError(`Cannot use ${one} and ${other}: they are given together, expected one of them`)
}
