import type { RegistrationLike } from './types.ts'

/** A registration that may still come. */
export interface Expected {
  /** It, if it is there by now, and its worker is active. */
  readonly active: RegistrationLike | undefined
  /** Resolves to it once it is there. One that fails is none; why it did is told once. */
  readonly found: Promise<RegistrationLike | undefined>
}

export function expectRegistration(
  given: RegistrationLike | undefined | Promise<RegistrationLike | undefined>,
  onError: (error: unknown) => void,
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
  }
}
