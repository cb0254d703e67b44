import type { PageScope } from './types.ts'

/** What becomes of a page. */
export interface Life {
  /** It may be gone, or stand still, a moment later. May be called twice in a row. */
  left(): void
  /** It is back, from the back/forward cache or from being frozen. */
  back(): void
  /** Somebody looks at it again, or there is a network again: timers may have stood still. */
  woken(): void
}

/** Tells what becomes of a page. Returns what ends that. */
export function followLife(scope: PageScope, life: Life): () => void {
  const { document } = scope
  let isAway = false
  const leave = (): void => {
    isAway = true
    life.left()
  }
  const comeBack = (): void => {
    if (!isAway) return
    isAway = false
    life.back()
  }
  const change = (): void => {
    if (document.visibilityState !== 'visible') return
    // Whoever is looked at is not away, whatever event was missed.
    comeBack()
    life.woken()
  }
  const woken = (): void => life.woken()

  const listeners: readonly (readonly [EventOf, string, () => void, boolean?])[] = [
    [scope, 'pagehide', leave],
    [scope, 'pageshow', comeBack],
    // On the way down: the store, which listens at the document, begins no transaction in a page that is frozen.
    [scope, 'freeze', leave, true],
    [document, 'resume', comeBack],
    [document, 'visibilitychange', change],
    [scope, 'online', woken],
  ]
  for (const [target, type, listener, capture] of listeners) target.addEventListener(type, listener, capture)
  return () => {
    for (const [target, type, listener, capture] of listeners) {
      target.removeEventListener(type, listener, capture)
    }
  }
}

type EventOf = Pick<PageScope, 'addEventListener' | 'removeEventListener'>
