import type { AttachOptions } from './types.ts'

/** Resolves after so many milliseconds. */
export function pause({ setTimer }: NonNullable<AttachOptions['clock']>, ms: number): Promise<void> {
  return new Promise((resolve) => void setTimer(resolve, ms))
}
