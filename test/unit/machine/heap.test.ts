import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Heap } from '../../../src/machine/heap.ts'

const numbers = (): Heap<number> => new Heap((a, b) => a < b)

function drain(heap: Heap<number>): number[] {
  const out: number[] = []
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) out.push(top)
  return out
}

describe('a heap', () => {
  test('gives its items in order, each once however often it was pushed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (items) => {
        const heap = numbers()
        for (const item of [...items, ...items]) heap.push(item)
        expect(heap.size).toBe(new Set(items).size)
        expect(drain(heap)).toEqual([...new Set(items)].sort((a, b) => a - b))
      }),
    )
  })

  test('keeps its order when it is swept, and takes back what was swept away', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer()), (items) => {
        const heap = numbers()
        for (const item of items) heap.push(item)
        heap.sweep((item) => item % 2 === 0)
        expect([...heap.items()].every((item) => item % 2 === 0)).toBe(true)
        for (const item of items) heap.push(item)
        expect(drain(heap)).toEqual([...items].sort((a, b) => a - b))
      }),
    )
  })

  test('is pushed again what was popped', () => {
    const heap = numbers()
    heap.push(1)
    expect(heap.pop()).toBe(1)
    heap.push(1)
    expect(heap.peek()).toBe(1)
  })

  test('has nothing to peek at, nor to pop, when it is empty', () => {
    expect(numbers().peek()).toBeUndefined()
    expect(numbers().pop()).toBeUndefined()
  })
})
