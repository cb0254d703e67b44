import fc from 'fast-check'
import { createReceiver, memoryAcks } from 'holdfast/receiver'
import { expect, test } from 'vitest'
import { contentType } from '../../../src/sync/wire.ts'
import { authenticate, completed, dead, lost, post, range } from './device.ts'

const runs = { numRuns: 3_000, seed: 20_260_809 }
const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
})
const headers = fc.record(
  {
    'holdfast-previous': fc.oneof(printable, fc.constantFrom('3-job-3', '4-job-4', '3-stranger')),
    'holdfast-log': printable,
    cookie: printable,
    'content-length': fc.oneof(printable, fc.nat().map(String)),
    'content-type': fc.oneof(
      { weight: 1, arbitrary: printable },
      { weight: 9, arbitrary: fc.constant(contentType) },
    ),
    authorization: fc.constantFrom('ada', 'eve', ''),
  },
  { requiredKeys: [] },
)

const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('4', '5', '0000000000000004', '9007199254740992', 4, -1, 1e308, '4-job-4', '4-lost'),
)
const path = fc.constantFrom(
  ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'sequence', 'data', '__proto__', 'extra'],
)
const dataPath = fc.constantFrom(
  ...[
    'kind',
    'key',
    'attempt',
    'finish',
    'enqueuedAt',
    'finishedAt',
    'result',
    'error',
    'from',
    'to',
    '__proto__',
  ],
)

/** An event that would continue number 3, with a few of its fields replaced. */
const nearlyEvent = fc
  .tuple(
    fc.constantFrom(completed(4), dead(4), lost(4, 6), completed(3), completed(9)),
    fc.array(fc.tuple(path, value), { maxLength: 2 }),
    fc.array(fc.tuple(dataPath, value), { maxLength: 2 }),
  )
  .map(([event, fields, data]) => {
    const copy = { ...event, data: { ...event.data, ...Object.fromEntries(data) } }
    return { ...copy, ...Object.fromEntries(fields) }
  })

const body = fc.oneof(
  fc.string(),
  fc.json(),
  fc.array(nearlyEvent, { maxLength: 3 }).map((events) => JSON.stringify(events)),
  fc.tuple(fc.nat(2_000), fc.string({ maxLength: 3 })).map(([at, text]) => {
    const whole = JSON.stringify(range(4, 6))
    return whole.slice(0, at) + text + whole.slice(at + text.length)
  }),
)

/** The only way forward from number 3 by what was sent: each event follows the one before, in name and number. */
function reach(text: string): number | undefined {
  const events: { type: string; sequence: string; id: string; data: { from?: number } }[] = JSON.parse(text)
  let mark = 3
  for (const { type, sequence, data } of events) {
    const from = type === 'holdfast.acks.lost' ? data.from : Number(sequence)
    if (from === undefined || from > mark + 1) return undefined
    mark = Math.max(mark, Number(sequence))
  }
  return mark
}

test('whatever is sent: no 5xx, no rejection, and no mark moved but by a batch that says so', {
  timeout: 60_000,
}, async () => {
  const seen = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(body, headers, async (text, some) => {
      const numbers: number[] = []
      const receive = createReceiver({
        store: memoryAcks(),
        authenticate,
        onAck: ({ sequence }) => void numbers.push(sequence),
      })
      await receive(post(range(1, 3)))
      const response = await receive(post(text, { headers: some }))
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1)
      expect(response.status).toBeLessThan(500)

      const probe = await (await receive(post([completed(1)]))).json()
      if (response.status === 200) expect(probe.acknowledged).toBe(reach(text))
      else expect([probe.acknowledged, probe.id, numbers]).toEqual([3, '3-job-3', [1, 2, 3]])
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    }),
    runs,
  )
  // Otherwise the cases above would prove nothing.
  for (const status of [200, 400, 401, 403, 409, 415, 422])
    expect(seen.get(status) ?? 0, String(status)).toBeGreaterThan(0)
})
