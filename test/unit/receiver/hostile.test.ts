/** A hundred thousand bodies for one receiver, from one seed: many are what devices send, most are nearly that. */
import { DatabaseSync } from 'node:sqlite'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createReceiver } from 'holdfast/receiver'
import { sqliteAcks } from 'holdfast/receiver/sqlite'
import { expect, test } from 'vitest'
import { encodeBatch, lostType, sourceOf, type WireEvent } from '../../../src/sync/wire.ts'
import { authenticate, completed, lost, post } from './device.ts'

const bodies = 100_000
const sources = ['a', 'b', 'c', 'd'].map((outbox) => sourceOf('photos', outbox))
const people = ['ada', 'ada', 'ada', 'eve']
const oddities: readonly unknown[] = [
  ...[null, '', 0, -1, 1.5, 1e308, 2 ** 53, true, [], {}, [[[[]]]], '__proto__', '\u0000', '\ud800'],
  ...['x'.repeat(2_000), '1', '9007199254740993', '9999-99-99T99:99:99Z', '1-lost', { toString: 1 }],
]

/** A seeded choice among so many. */
function chooser(seed: number): (count: number) => number {
  let state = seed
  return (count) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count)
  }
}

const choose = chooser(20_260_809)

function oneOf<T>(list: readonly [T, ...T[]] | readonly T[]): T {
  const chosen = list[choose(list.length)]
  if (chosen === undefined) throw new RangeError('Cannot choose: the list is empty')
  return chosen
}

/** The same event for the same number, always: only what was tampered with can look like a fork. */
function eventOf(source: string, number: number): WireEvent {
  return number % 7 === 0 ? { ...lost(number, number), source } : completed(number, undefined, source)
}

function tampered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return oneOf(oddities.slice(1))
  const copy: unknown[] | Record<string, unknown> = Array.isArray(value) ? [...value] : { ...value }
  const names = [
    ...Object.keys(copy),
    Array.isArray(copy) ? String(copy.length) : oneOf(['__proto__', 'more']),
  ]
  const name = oneOf(names)
  const how = choose(5)
  if (how === 0 && Array.isArray(copy)) copy.splice(Number(name), 1)
  else if (how === 0) Reflect.deleteProperty(copy, name)
  else if (how === 1 && Array.isArray(copy)) copy.splice(Number(name), 0, copy[Number(name)])
  else put(copy, name, how === 2 ? oneOf(oddities.slice(1)) : tampered(Reflect.get(copy, name)))
  return copy
}

/** Also what is called `__proto__`. */
function put(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

function garbled(text: string): string {
  const at = choose(text.length)
  return oneOf([
    text.slice(0, at),
    text.slice(at),
    text.slice(0, at) + oneOf(['"', ']', '{', '\\', '9']) + text.slice(at + 1),
  ])
}

interface Known {
  readonly principal: string
  readonly mark: number
}

/** What is known of a source once these events of it are settled, and what takes effect: only ever a way forward. */
function settled(known: Known | undefined, principal: string, text: string) {
  const events: WireEvent[] = JSON.parse(text)
  let mark = known?.mark ?? 0
  const effects: number[] = []
  for (const event of events) {
    const to = Number(event.sequence)
    const from = event.type === lostType ? event.data.from : to
    if (from > mark + 1) throw new Error(`A gap was taken: ${from} after ${mark}`)
    if (to > mark && event.type !== lostType) effects.push(to)
    mark = Math.max(mark, to)
  }
  return { principal, mark, effects }
}

/** What devices send has this answer, and no other. */
function statusOf(known: Known | undefined, principal: string, first: number): number {
  if (known !== undefined && known.principal !== principal) return 403
  return first > (known?.mark ?? 0) + 1 ? 409 : 200
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

test('a hundred thousand bodies: no crash, no growth, and no mark moved but by a batch that says so', {
  timeout: 600_000,
}, async () => {
  const database = new DatabaseSync(':memory:')
  let told: number[] = []
  const receive = createReceiver({
    store: sqliteAcks(database),
    authenticate,
    onAck: ({ sequence, time, data }) => {
      // What an application does with them must not fail.
      JSON.stringify([new Date(time).toISOString(), new Date(data.finishedAt).toISOString(), data])
      told.push(sequence)
    },
  })
  const rows = database.prepare('SELECT source, principal, mark FROM holdfast_sources')
  const statuses = new Map<number, number>()
  let model = new Map<string, Known>()
  let early = 0

  for (let count = 1; count <= bodies; count++) {
    const source = oneOf(sources)
    const principal = oneOf(people)
    const known = model.get(source)
    const first = Math.max(1, (known?.mark ?? 0) + oneOf([1, 1, 1, 0, -2, 2, 6]))
    let body: unknown = Array.from({ length: 1 + choose(4) }, (_, index) => eventOf(source, first + index))
    const tampering = Math.max(0, choose(6) - 2)
    for (let round = 0; round < tampering; round++) body = tampered(body)
    const isGarbled = choose(8) === 0
    const whole = tampering === 0 ? encodeBatch(body as WireEvent[]) : (JSON.stringify(body) ?? '')
    const text = isGarbled ? garbled(whole) : whole

    told = []
    const response = await receive(post(text, { who: principal }))
    const { status } = response
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const clue = `body ${count}: ${status} for ${text.slice(0, 500)}`
    expect(status, clue).toBeLessThan(500)
    if (tampering === 0 && !isGarbled) expect(status, clue).toBe(statusOf(known, principal, first))
    let effects: number[] = []
    if (status === 200) {
      const [{ source: from }]: [{ source: string }] = JSON.parse(text)
      const before = model.get(from)
      expect(before?.principal ?? principal, clue).toBe(principal)
      const { mark, ...after } = settled(before, principal, text)
      effects = after.effects
      expect(await response.json(), clue).toMatchObject({ acknowledged: mark, rejected: [] })
      model = model.set(from, { principal, mark })
    }
    expect(told, clue).toEqual(effects)
    const kept = rows.all().map((row) => [row.source, { principal: row.principal, mark: row.mark }])
    expect(new Map(kept as [string, Known][]), clue).toEqual(model)
    // A mark that a tampered loss has moved to the end leaves nothing to test: begin anew.
    for (const [name, { mark }] of model) {
      if (mark < 1_000_000) continue
      database.prepare('DELETE FROM holdfast_sources WHERE source = ?').run(name)
      model.delete(name)
    }
    if (count === bodies / 5) early = heapBytes()
  }

  // Otherwise the bodies would prove nothing.
  for (const status of [200, 400, 403, 409, 422])
    expect(statuses.get(status) ?? 0, String(status)).toBeGreaterThan(1_000)
  expect(heapBytes() - early, 'bytes more after four fifths of them').toBeLessThan(8_000_000)
  database.close()
})
