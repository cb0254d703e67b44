import type { Waived } from './oracle/evidence.ts'

/** The last line of a run. What was waived stands there, too: green is not to be taken for more than it is. */
export function summary(passed: number, failed: number, { drops, jobs }: Waived): string {
  const counts = `${passed} passed, ${failed} failed`
  if (drops === 0) return counts
  const [times, lost] = [drops === 1 ? 'once' : `${drops} times`, jobs === 1 ? '1 job' : `${jobs} jobs`]
  return `${counts}; waived: ${lost} lost with the database, which Chromium says it dropped ${times}`
}
