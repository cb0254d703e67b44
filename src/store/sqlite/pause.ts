const firstMs = 2
const longestMs = 32

/**
 * Waits before the lock is asked for again. At random, so that those who wait do not ask in step; and never long, so
 * that who waits longest does not ask least often.
 */
export function pause(tries: number): Promise<void> {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1))
  const ms = Math.min(longestMs, firstMs * 2 ** tries) * (random / 2 ** 32)
  return new Promise((resolve) => setTimeout(resolve, ms))
}
