import { isQueueError, type QueueError, type QueueErrorCode } from 'holdfast'

/** @throws Error unless `condition` holds. */
export function assert(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new Error(`Expected ${expectation}`)
}

/** @throws Error unless both are of equal value as JSON has it. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, wanted] = [text(actual), text(expected)]
  assert(is === wanted, `${what} to be ${wanted}, it is ${is}`)
}

/** @throws Error unless the promise rejects with a QueueError of this code; gives the error. */
export async function refuses(
  code: QueueErrorCode,
  doing: Promise<unknown>,
  what: string,
): Promise<QueueError> {
  const error = await rejection(doing, what)
  assert(isQueueError(error, code), `${what} to reject with ${code}, not with ${String(error)}`)
  return error
}

/** @throws Error unless the promise rejects with an error of this name whose message matches. */
export async function misused(name: string, message: RegExp, doing: () => unknown): Promise<void> {
  const what = `${name} ${String(message)}`
  const error = await rejection(
    Promise.resolve().then(() => doing()),
    what,
  )
  const isMeant = error instanceof Error && error.name === name && message.test(error.message)
  assert(isMeant, `${what}, not ${String(error)}`)
}

async function rejection(doing: Promise<unknown>, what: string): Promise<unknown> {
  const outcome = await doing.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error
  throw new Error(`Expected ${what}, it resolved to ${text(outcome.value)}`)
}

const patienceMs = 15_000
const pauseMs = 5

/** Waits until the condition gives something; `meanwhile` is called before each look. */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  meanwhile: () => unknown = () => undefined,
): Promise<NonNullable<T>> {
  const tries = patienceMs / pauseMs
  for (let tried = 0; tried < tries; tried += 1) {
    meanwhile()
    const found = await condition()
    if (found !== false && found !== undefined && found !== null) return found
    await pause()
  }
  throw new Error(`Expected ${what}, it did not come to that`)
}

/** Lets everything else go on. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs))
}

const shownLength = 300

function text(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value)
  return shown.length > shownLength ? `${shown.slice(0, shownLength)}… (${shown.length} characters)` : shown
}
