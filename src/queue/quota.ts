import type { Store } from '../store/contract.ts'

/** How full the origin is, where the platform tells. */
type Estimate = Awaited<ReturnType<NonNullable<Store['estimate']>>>

/** Looks at an estimate, and warns once each time that the share in use comes to reach `share`. */
export function createQuotaWatch(
  share: number,
  warn: (message: string, cause: unknown) => void,
): (estimate: Estimate) => void {
  let isOver = false
  return ({ usage, quota }) => {
    const wasOver = isOver
    isOver = usage >= quota * share
    if (!isOver || wasOver) return
    warn(`Room for jobs is running out: ${Math.round((usage / quota) * 100)} % of the quota is used`, {
      usage,
      quota,
    })
  }
}
