import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHints, type Hints } from '../../../src/store/indexeddb/hints.ts'

/** How often the other contexts of the origin were told. */
let told = 0

/** Those that are open. */
const channels = new Set<CountingChannel>()

class CountingChannel {
  onmessage: (() => void) | null = null

  constructor() {
    channels.add(this)
  }

  postMessage(): void {
    if (!channels.has(this)) throw new DOMException('The channel is closed', 'InvalidStateError')
    told++
  }

  close(): void {
    channels.delete(this)
  }
}

describe('hints', () => {
  let hints: Hints

  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('BroadcastChannel', CountingChannel)
    told = 0
    hints = createHints('indexeddb:test')
  })

  afterEach(() => {
    hints.close()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  test('are told at once, and what follows within moments together', () => {
    hints.post()
    expect(told).toBe(1)
    for (let n = 0; n < 100; n++) hints.post()
    expect(told).toBe(1)
    vi.advanceTimersByTime(20)
    expect(told).toBe(2)
    vi.advanceTimersByTime(1_000)
    expect(told).toBe(2)
    hints.post()
    expect(told).toBe(3)
  })

  describe('of a page', () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    const show = (state: 'visible' | 'hidden') => {
      page.visibilityState = state
      page.dispatchEvent(new Event('visibilitychange'))
    }

    beforeEach(() => {
      const own = new EventTarget()
      vi.stubGlobal('document', page)
      vi.stubGlobal('addEventListener', own.addEventListener.bind(own))
      vi.stubGlobal('removeEventListener', own.removeEventListener.bind(own))
      show('visible')
    })

    test('are told at once while it is hidden, since its timers are slow', () => {
      hints.post()
      show('hidden')
      for (let n = 0; n < 3; n++) hints.post()
      expect(told).toBe(4)
      show('visible')
      hints.post()
      hints.post()
      expect(told).toBe(5)
      vi.advanceTimersByTime(20)
      expect(told).toBe(6)
    })

    test.each([
      ['hidden', () => show('hidden')],
      ['frozen', () => void page.dispatchEvent(new Event('freeze'))],
    ])('are owed by none that is %s', (_, go) => {
      hints.post()
      hints.post()
      expect(told).toBe(1)
      go()
      expect(told).toBe(2)
      vi.advanceTimersByTime(1_000)
      expect(told).toBe(2)
    })

    test('are no longer looked after once they are closed', () => {
      hints.post()
      hints.post()
      hints.close()
      expect(told).toBe(2)
      show('hidden')
      expect(told).toBe(2)
    })
  })

  test('are owed by nobody who goes', () => {
    hints.post()
    hints.post()
    hints.postLast()
    expect(told).toBe(2)
    vi.advanceTimersByTime(1_000)
    expect(told).toBe(2)
    hints.post()
    hints.post()
    hints.close()
    expect(told).toBe(4)
    vi.advanceTimersByTime(1_000)
    expect(told).toBe(4)
  })

  test('are heard by nobody who said goodbye, until it turns out to go on; nor is its own goodbye', async () => {
    let heard = 0
    hints.subscribe(() => heard++)
    hints.postLast()
    expect(channels.size).toBe(0)
    vi.advanceTimersByTime(0)
    expect([...channels].map(({ onmessage }) => typeof onmessage)).toEqual(['function'])
    await undefined
    expect(heard).toBe(0)
  })
})
