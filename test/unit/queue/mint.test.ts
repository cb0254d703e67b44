import { expect, it, vi } from 'vitest'
import { createMint } from '../../../src/queue/mint.ts'

it('makes ids of 21 characters that are all different, and asks for random bytes once for many', () => {
  const asked = vi.spyOn(crypto, 'getRandomValues')
  const mint = createMint()
  expect(asked).not.toHaveBeenCalled()
  const ids = Array.from({ length: 1_000 }, mint)
  expect(new Set(ids).size).toBe(1_000)
  for (const id of ids) expect(id).toMatch(/^[\w-]{21}$/)
  expect(asked).toHaveBeenCalledTimes(16)
  asked.mockRestore()
})
