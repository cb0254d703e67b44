import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxRetryAfterMs, retryAfterMs } from '../../../src/retry-after.ts'

const now = Date.UTC(2026, 7, 9, 12, 0, 0)
const asked = (value: string, date?: string): number | undefined =>
  retryAfterMs(new Headers({ 'retry-after': value, ...(date !== undefined && { date }) }), () => now)

describe('Retry-After', () => {
  test('is nothing where there is none', () => {
    expect(retryAfterMs(new Headers(), () => now)).toBeUndefined()
  })

  test('is read as seconds', () => {
    expect(asked('0')).toBe(0)
    expect(asked('120')).toBe(120_000)
    expect(asked(' 007 ')).toBe(7_000)
  })

  test('is read as a date, in each form a recipient must accept', () => {
    expect(asked('Sun, 09 Aug 2026 12:00:30 GMT')).toBe(30_000)
    expect(asked('Sunday, 09-Aug-26 12:00:30 GMT')).toBe(30_000)
    expect(asked('Sun Aug  9 12:00:30 2026')).toBe(30_000)
    expect(asked('Sun Aug 09 12:00:30 2026')).toBe(30_000)
  })

  test('takes a two-digit year too far ahead for a past one', () => {
    expect(asked('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(0)
    expect(asked('Friday, 09-Aug-75 12:00:00 GMT')).toBe(maxRetryAfterMs)
  })

  test('is 0 for a date in the past', () => {
    expect(asked('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(0)
  })

  test('measures a date from the date of the answer, not from a wrong clock', () => {
    expect(asked('Tue, 01 Jan 2030 00:01:00 GMT', 'Tue, 01 Jan 2030 00:00:00 GMT')).toBe(60_000)
    expect(asked('Sun, 09 Aug 2026 12:00:30 GMT', 'yesterday')).toBe(30_000)
  })

  test('is at most a day', () => {
    expect(asked('99999999999999999999999999999999')).toBe(maxRetryAfterMs)
    expect(asked('9'.repeat(400))).toBe(maxRetryAfterMs)
    expect(asked('Tue, 01 Jan 2030 00:00:00 GMT')).toBe(maxRetryAfterMs)
  })

  test.each([
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '+5',
    'soon',
    '120, 60',
    'Infinity',
    '2026-08-09T12:00:30Z',
    'Sun, 09 Aug 2026 12:00:30',
    'Sun, 09 Aug 2026 12:00:30 +0200',
    'Sun, 09 Foo 2026 12:00:30 GMT',
    'Sun, 39 Aug 2026 12:00:30 GMT',
    'Sun, 00 Aug 2026 12:00:30 GMT',
    'Sun, 09 Aug 2026 24:00:30 GMT',
    'Sun, 09 Aug 2026 12:60:30 GMT',
    'Sun, 09 Aug 2026 12:00:61 GMT',
  ])('ignores %j', (value) => {
    expect(asked(value)).toBeUndefined()
  })

  test('is a finite wait from 0 to a day, or nothing, whatever a server sends', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    )
    fc.assert(
      fc.property(value, value, (retryAfter, date) => {
        const headers = { get: (name: string) => (name === 'retry-after' ? retryAfter : date) }
        const wait = retryAfterMs(headers, () => now)
        expect(wait === undefined || (wait >= 0 && wait <= maxRetryAfterMs)).toBe(true)
      }),
    )
  })
})
