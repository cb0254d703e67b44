/** What is used of `registration.sync`. */
export interface SyncManagerLike {
  register(tag: string): Promise<void>
  getTags(): Promise<readonly string[]>
}

/**
 * What came of asking the browser to wake the service worker. `unknown`: it was not asked so far, as while no worker is
 * active. `absent`: it cannot; of a periodic sync also as long as no worker is active. `refused`: it can, and would not, as
 * where the permission is denied or the feature is switched off; `error` says why.
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
    outcome = await outcomeOf(() => find()?.register(tag))
  }
  // Whoever cannot say what is registered is asked to register.
  const isRegistered = async (): Promise<boolean> => {
    try {
      return (await find()?.getTags())?.includes(tag) === true
    } catch {
      return false
    }
  }
  return {
    get outcome() {
      return outcome
    },
    register,
    async ensure() {
      if (await isRegistered()) outcome = { state: 'registered' }
      else await register()
    },
  }
}

/** What becomes of a registering; `undefined`: there is nobody to ask. Façades also throw at once. Never rejects. */
export async function outcomeOf(register: () => Promise<void> | undefined): Promise<WakeUp> {
  try {
    const registering = register()
    if (registering === undefined) return { state: 'absent' }
    await registering
    return { state: 'registered' }
  } catch (error) {
    return { state: 'refused', error }
  }
}
