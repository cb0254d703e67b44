import { expect, test } from 'vitest'
import { inTurn } from '../../../src/http/turns.ts'
import { gate } from '../queue/bench.ts'

test('what is done in turn is forgotten once the last of its key has ended, however it did', async () => {
  const turns = new Map<string, Promise<unknown>>()
  const [one, two] = [gate<string>(), gate<string>()]
  const first = inTurn(turns, 'a', () => one.promise)
  const second = inTurn(turns, 'a', () => two.promise)
  one.open('one')
  expect(await first).toBe('one')
  expect(turns.size).toBe(1)
  two.fail(new Error('Broken'))
  await expect(second).rejects.toThrow('Broken')
  expect(turns.size).toBe(0)
})
