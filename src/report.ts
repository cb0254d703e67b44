/** Reports as the platform reports what nobody caught. Returns whether it does. */
export function reportUncaught(error: unknown): boolean {
  const { reportError } = globalThis
  reportError?.(error)
  return reportError !== undefined
}
