import { describe, expect, it } from 'vitest'
import { createBackgroundSync, type SyncManagerLike } from '../../../src/host/background-sync.ts'
import { fakeSync } from './scopes.ts'

const denied = new DOMException('Permission denied.', 'NotAllowedError')

function throwing(): never {
  throw denied
}

/** Browsers and their extensions have managers that lack what the specification says, or throw where it says reject. */
const facades: readonly [string, () => SyncManagerLike | undefined][] = [
  ['throws at once', () => ({ register: throwing, getTags: throwing })],
  ['rejects', () => ({ register: async () => throwing(), getTags: async () => throwing() })],
  ['throws when it is looked for', throwing],
]

describe('a manager of syncs', () => {
  it.each(facades)('that %s has refused, and nothing rejects', async (_, find) => {
    for (const call of ['register', 'ensure'] as const) {
      const sync = createBackgroundSync(find, 'mail')
      await sync[call]()
      expect(sync.outcome).toEqual({ state: 'refused', error: denied })
    }
  })

  it('that has no getTags is asked to register, and one that has nothing at all has refused', async () => {
    const { manager, registered } = fakeSync()
    const register = (tag: string) => manager.register(tag)
    const partial = createBackgroundSync(() => ({ register }) as SyncManagerLike, 'mail')
    await partial.ensure()
    expect(partial.outcome).toEqual({ state: 'registered' })
    expect(registered).toEqual(['mail'])
    const empty = createBackgroundSync(() => ({}) as SyncManagerLike, 'mail')
    await empty.ensure()
    expect(empty.outcome).toMatchObject({ state: 'refused', error: expect.any(TypeError) })
  })

  it('that is not there is absent', async () => {
    const sync = createBackgroundSync(() => undefined, 'mail')
    expect(sync.outcome).toEqual({ state: 'unknown' })
    await sync.ensure()
    expect(sync.outcome).toEqual({ state: 'absent' })
  })

  it('registers once what is ensured again and again, and each time what is registered', async () => {
    const { manager, registered } = fakeSync()
    const sync = createBackgroundSync(() => manager, 'mail')
    for (const _ of [1, 2, 3]) await sync.ensure()
    expect(registered).toEqual(['mail'])
    const other = createBackgroundSync(() => manager, 'mail')
    await other.ensure()
    expect(other.outcome).toEqual({ state: 'registered' })
    await sync.register()
    expect(registered).toEqual(['mail', 'mail'])
  })
})
