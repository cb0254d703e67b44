/** Reports as the platform reports what nobody caught, where it does. */
export function reportUncaught(error: unknown): void {
  const { reportError } = globalThis
  if (typeof reportError === 'function') reportError(error)
}
