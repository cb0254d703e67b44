import { isQueueError, type QueueErrorCode } from '../../errors.ts'

/** @throws Error unless `condition` holds. */
export function assert(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new Error(`Expected ${expectation}`)
}

/** @throws Error unless both are of equal value, all the way down. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (equal(actual, expected)) return
  throw new Error(`Expected ${what} to be ${show(expected)}, it is ${show(actual)}`)
}

/** @throws Error unless the promise rejects with a QueueError of this code. */
export async function rejectsWith(
  code: QueueErrorCode,
  doing: Promise<unknown>,
  what: string,
): Promise<void> {
  const error = await rejection(doing, what)
  if (!isQueueError(error, code))
    throw new Error(`Expected ${what} to reject with ${code}, not ${show(error)}`)
}

/** What the promise rejects with. */
export async function rejection(doing: Promise<unknown>, what: string): Promise<unknown> {
  const outcome = await doing.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error
  throw new Error(`Expected ${what} to reject, it resolved to ${show(outcome.value)}`)
}

const patienceMs = 5_000
const pauseMs = 2

/** Waits until `condition` holds. @throws Error when it does not within five seconds. */
export async function eventually(condition: () => boolean, expectation: string): Promise<void> {
  const end = performance.now() + patienceMs
  while (!condition()) {
    assert(performance.now() < end, `${expectation}, within ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (tag(a) !== tag(b)) return false
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  const left = parts(a)
  const right = parts(b)
  return left.length === right.length && left.every((part, index) => equal(part, right[index]))
}

/** What is compared of an object, in one order. */
function parts(value: object): readonly unknown[] {
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)]
  if (ArrayBuffer.isView(value))
    return parts(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength))
  if (Array.isArray(value) || value instanceof Set) return [...value]
  if (value instanceof Map) return [...value].flat()
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat()
}

function tag(value: object): string {
  return Object.prototype.toString.call(value)
}

const shownLength = 200

function show(value: unknown): string {
  const text =
    value instanceof Error ? `${value.name}: ${value.message}` : (JSON.stringify(value) ?? String(value))
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text
}
