import { expect, test } from 'vitest'
import { dateDeaths } from '../../soak/oracle/deaths.ts'
import { type Story, story } from './story.ts'

/** A context says its last word at 20; faults follow at 15–18, 19–25 and 30–35. */
function silent(context: string): Story {
  const told = story()
  told.tell(context, { type: 'life', what: 'ready', at: 20 })
  told.fault(15, 18)
  told.fault(19, 25)
  told.fault(30, 35)
  return told
}

const hitIn = ({ record }: Story, context: string): boolean[] =>
  record.faults.map(({ contexts }) => contexts.has(context))

test('the death of a worker is laid to the first fault after its last word', () => {
  const told = silent('worker-1')
  dateDeaths(told.record)
  expect(told.record.deadAt.get('worker-1')).toBe(19)
  expect(hitIn(told, 'worker-1')).toEqual([false, true, false])
})

test('a death that was ordered before stays where it is', () => {
  const told = silent('worker-1')
  told.record.deadAt.set('worker-1', 17)
  dateDeaths(told.record)
  expect(told.record.deadAt.get('worker-1')).toBe(17)
  expect(hitIn(told, 'worker-1')).toEqual([false, false, false])
})

test('a worker that speaks after all faults is alive', () => {
  const told = silent('worker-1')
  told.tell('worker-1', { type: 'life', what: 'online', at: 40 })
  dateDeaths(told.record)
  expect(told.record.deadAt.has('worker-1')).toBe(false)
})

test('a tab that is silent may be frozen, and is not taken for dead', () => {
  const told = silent('tab-1')
  dateDeaths(told.record)
  expect(told.record.deadAt.has('tab-1')).toBe(false)
})

test('no worker dies of what only interrupts', () => {
  const told = story()
  told.tell('worker-1', { type: 'life', what: 'ready', at: 20 })
  told.record.faults.push({ kind: 'cut', variant: undefined, from: 30, until: 35, contexts: new Set() })
  dateDeaths(told.record)
  expect(told.record.deadAt.has('worker-1')).toBe(false)
})
