import type { RegistrationLike } from './types.ts'

/** A registration that may still come. */
export interface Expected {
  /** It, if it is there by now, and its worker is active. */
  readonly active: RegistrationLike | undefined
  /** Resolves to it once it is there. One that fails is none; why it did is told once. */
  readonly found: Promise<RegistrationLike | undefined>
  /** Resolves once it is `active`, too; to `undefined` where there is none. Never, should no worker come to be, or `life` end before. */
  readonly ready: Promise<RegistrationLike | undefined>
}

export function expectRegistration(
  given: RegistrationLike | undefined | Promise<RegistrationLike | undefined>,
  onError: (error: unknown) => void,
  life: AbortSignal,
): Expected {
  let current = given instanceof Promise ? undefined : given
  const found = Promise.resolve(given).then(
    (registration) => {
      current = registration
      return registration
    },
    (error: unknown) => {
      onError(error)
      return undefined
    },
  )
  return {
    get active() {
      return current?.active ? current : undefined
    },
    found,
    ready: found.then((registration) => registration && whenActive(registration, life)),
  }
}

/**
 * As `navigator.serviceWorker.ready`, but for any registration: on a first visit it is there before its worker is
 * active, and until then browsers refuse every sync.
 */
function whenActive(registration: RegistrationLike, life: AbortSignal): Promise<RegistrationLike> {
  return new Promise((resolve) => {
    if (life.aborted) return
    const listening = new AbortController()
    const { signal } = listening
    const look = (): void => {
      const coming = registration.installing ?? registration.waiting
      coming?.addEventListener?.('statechange', look, { signal })
      if (!registration.active) return
      listening.abort()
      resolve(registration)
    }
    life.addEventListener('abort', () => listening.abort(), { signal })
    // The worker that is coming may fail, and another one come in its place.
    registration.addEventListener?.('updatefound', look, { signal })
    look()
  })
}
