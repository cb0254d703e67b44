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
