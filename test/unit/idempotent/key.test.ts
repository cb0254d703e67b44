import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseKey } from '../../../src/idempotent/key.ts'

describe('a key', () => {
  test.each([
    ['V1StGXR8_Z5jdHi6B-myT-1', 'V1StGXR8_Z5jdHi6B-myT-1'],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['  abc  ', 'abc'],
    ['YWJj+/==', 'YWJj+/=='],
    ['"a b"', 'a b'],
    ['"a, b; c"', 'a, b; c'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['"abc";version=1', 'abc'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('is read from %s', (header, key) => {
    expect(parseKey(header)).toBe(key)
  })

  test.each([
    '',
    '   ',
    '""',
    '"abc',
    'abc"',
    'a b',
    'a,b',
    '"a", "a"',
    '"a" "b"',
    '"a\\b"',
    'abc;version=1',
    'a\tb',
    'caf\u00e9',
    '"caf\u00e9"',
    'x'.repeat(256),
    `"${'x'.repeat(256)}"`,
  ])('is not read from %j', (header) => {
    expect(parseKey(header)).toBeUndefined()
  })

  test('of any printable characters is the same in quotes', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    })
    fc.assert(
      fc.property(text, (key) => {
        fc.pre(key.length > 0 && key.length <= 255)
        const quoted = `"${key.replace(/["\\]/g, '\\$&')}"`
        expect(parseKey(quoted)).toBe(key)
        if (/^[^\s"\\,;]+$/.test(key)) expect(parseKey(key)).toBe(key)
      }),
    )
  })

  // Where it took more than linear time, this would not end within the test's time limit.
  test('is looked for in a hostile header, too', () => {
    for (const header of [
      `"${'\\'.repeat(60_001)}`,
      `"${'\\"'.repeat(30_000)}`,
      `"a"${' '.repeat(60_000)}x`,
    ]) {
      expect(parseKey(header)).toBeUndefined()
    }
  })
})
