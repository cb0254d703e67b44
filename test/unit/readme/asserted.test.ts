import { describe, expect, it, test } from 'vitest'
import { assertedIn } from './asserted.ts'

const wordsIn = (body: string): string[] => [
  ...(assertedIn(`test('it', async () => {${body}\n})`, 'it') ?? []),
]

describe('a word is asserted', () => {
  it.each([
    "expect(state).toBe('down')",
    "expect(state).not.toEqual(['up', 'down'])",
    "await expect.poll(look, soon).toEqual({ state: 'down' })",
    "await expect(call()).rejects.toMatchObject({ code: 'down' })",
    "equal(state, 'down')",
    "deepEqual(await statesOf(page), ['opened', 'down'])",
    "ok(states.includes('down'))",
    "await until(() => states.includes('down') || undefined, 'the end')",
    "const during = { state: 'down' }; deepEqual(seen, during)",
    "const during = ['down']; const all = [during, during]; deepEqual(seen, [...all])",
  ])('by %s', (body) => {
    expect(wordsIn(body)).toContain('down')
  })

  it('by a function of the file that the test calls, or that such a one calls', () => {
    const source = `
      test('it', () => meet(page))
      async function meet(page: Page): Promise<void> { await told(page) }
      async function told(page: Page): Promise<void> { equal(stateOf(page), 'down') }`
    expect(assertedIn(source, 'it')).toContain('down')
  })

  it('by a case of the engines, and by a test of each of several', () => {
    expect(assertedIn("const cases = { 'it': async () => equal(state, 'down') }", 'it')).toContain('down')
    expect(assertedIn("test.each(all)('it', () => expect(state).toBe('down'))", 'it')).toContain('down')
  })
})

describe('a word is not asserted', () => {
  it.each([
    "const wanted = 'down'",
    "queue.on('down', listener)",
    "await page.evaluate(() => states.includes('down'))",
    "if (state === 'down') return",
    "await until(look, 'it to be down')",
    "ok(state, 'down')",
    "equal(state, 'up', 'down')",
    "// equal(state, 'down')",
  ])('by %s', (body) => {
    expect(wordsIn(body)).not.toContain('down')
  })

  it('by its name, nor by another test, nor by a function that it does not call', () => {
    const source = `
      test('it is down', () => expect(state).toBe('up'))
      test('another', () => expect(state).toBe('down'))
      function told(): void { equal(state, 'down') }`
    expect([...(assertedIn(source, 'it is down') ?? [])]).toEqual(['up'])
  })
})

test('of a name that no test has, nothing is known', () => {
  expect(assertedIn("test('it', () => expect(state).toBe('down'))", 'another')).toBe(undefined)
})
