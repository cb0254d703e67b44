import type { Replica } from '../replica/types.ts'
import type { Clock } from '../types.ts'

/** Resolves when the condition holds, now or after an entry, when the time is over, or when one of the signals aborts. */
export function entryOrTime(
  { replica, clock }: { readonly replica: Replica; readonly clock: Clock },
  holds: () => boolean,
  waitMs: number,
  signals: readonly (AbortSignal | undefined)[],
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      unlisten()
      for (const signal of signals) signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.setTimer(end, waitMs)
    const unlisten = replica.listen({
      entry: () => {
        if (holds()) end()
      },
    })
    for (const signal of signals) signal?.addEventListener('abort', end, { once: true })
    // It may have come to hold since it was looked at.
    if (holds() || signals.some((signal) => signal?.aborted)) end()
  })
}

/** The promise, or the signal's reason, whichever comes first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (stop) signal.removeEventListener('abort', stop)
  }
}
