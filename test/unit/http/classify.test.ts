import { classify } from 'holdfast/http'
import { describe, expect, test } from 'vitest'

const holds = [429, 502, 503, 504]
const retries = [408, 425]
const statuses = Array.from({ length: 500 }, (_, index) => index + 100)

function expected(status: number): unknown {
  if (status >= 200 && status < 300) return undefined
  if (status === 401) return { type: 'hold-until-resume' }
  if (holds.includes(status)) return { type: 'hold' }
  if (retries.includes(status) || status >= 500) return { type: 'retry', answered: true }
  return { type: 'fatal', answered: true }
}

describe('classify', () => {
  test('sorts every status from 100 to 599', () => {
    for (const status of statuses) expect(classify(status), String(status)).toEqual(expected(status))
  })

  test('takes a redirect that was not followed (status 0) for final', () => {
    expect(classify(0)).toEqual({ type: 'fatal', answered: true })
  })

  test('takes a status outside of HTTP for final', () => {
    for (const status of [-1, 99, 600, 999, Number.NaN]) {
      expect(classify(status), String(status)).toEqual({ type: 'fatal', answered: true })
    }
  })

  test('gives the wait asked for to holds and retries, and to nothing else', () => {
    for (const status of statuses) {
      const verdict = classify(status, 3_000)
      const waits = verdict?.type === 'hold' || verdict?.type === 'retry'
      expect(verdict !== undefined && 'afterMs' in verdict && verdict.afterMs === 3_000, String(status)).toBe(
        waits,
      )
    }
  })

  test('takes a conflict that will pass, as Retry-After says, for one to retry', () => {
    expect(classify(409, 1_000)).toEqual({ type: 'retry', answered: true, afterMs: 1_000 })
  })

  test('keeps a wait of nothing apart from no wait', () => {
    expect(classify(503, 0)).toEqual({ type: 'hold', afterMs: 0 })
    expect(classify(500, 0)).toEqual({ type: 'retry', answered: true, afterMs: 0 })
  })
})
