/** What is used of `registration.sync`. */
export interface SyncManagerLike {
  register(tag: string): Promise<void>
  getTags(): Promise<readonly string[]>
}

/**
 * What came of asking the browser to wake the service worker. `absent`: it cannot, or there is no active worker (yet).
 * `refused`: it can, and would not, as where the permission is denied or the feature is switched off; `error` says why.
 */
export interface WakeUp {
  readonly state: 'unknown' | 'registered' | 'refused' | 'absent'
  readonly error?: unknown
}

/** Background Sync, judged by the outcome of registering: that it is there proves nothing. */
export interface BackgroundSync {
  readonly outcome: WakeUp
  /** Registers, at once: what fires at that very moment fires again. Never rejects. */
  register(): Promise<void>
  /** Registers, unless it is: then the browser's own wait between its tries stands. Never rejects. */
  ensure(): Promise<void>
}

/** `find` is asked each time: a worker may not be there yet, or not any more. */
export function createBackgroundSync(find: () => SyncManagerLike | undefined, tag: string): BackgroundSync {
  let outcome: WakeUp = { state: 'unknown' }
  const register = async (): Promise<void> => {
    outcome = await outcomeOf(find()?.register(tag))
  }
  return {
    get outcome() {
      return outcome
    },
    register,
    async ensure() {
      const tags = await find()
        ?.getTags()
        .catch((): readonly string[] => [])
      if (!tags?.includes(tag)) await register()
    },
  }
}

/** What became of a registering; `undefined`: there was nobody to ask. */
export async function outcomeOf(registering: Promise<void> | undefined): Promise<WakeUp> {
  if (registering === undefined) return { state: 'absent' }
  return registering.then(
    () => ({ state: 'registered' }),
    (error: unknown) => ({ state: 'refused', error }),
  )
}
