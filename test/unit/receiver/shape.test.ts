import { type Ack, createReceiver, memoryAcks } from 'holdfast/receiver'
import { describe, expect, test } from 'vitest'
import { sourceOf, type WireEvent } from '../../../src/sync/wire.ts'
import { authenticate, completed, dead, lost, post, range } from './device.ts'

function receiver() {
  const acks: Ack[] = []
  const receive = createReceiver({
    store: memoryAcks(),
    authenticate,
    onAck: (ack) => void acks.push(ack),
  })
  async function detailOf(body: unknown, headers: Record<string, string> = {}): Promise<string> {
    const response = await receive(post(JSON.stringify(body), { headers }))
    const { status, code, detail } = await response.json()
    expect([response.status, status, code, acks]).toEqual([422, 422, 'malformed', []])
    return detail
  }
  return { receive, acks, detailOf }
}

/** An event with some of its fields replaced; dots lead into `data`. */
function but(event: WireEvent, fields: Record<string, unknown>): unknown {
  const copy = JSON.parse(JSON.stringify(event))
  for (const [path, value] of Object.entries(fields)) {
    const keys = path.split('.')
    const last = keys.pop() ?? ''
    Reflect.set(
      keys.reduce((target, key) => Reflect.get(target, key), copy),
      last,
      value,
    )
  }
  return copy
}

describe('a batch is refused, with the reason, when', () => {
  test.each([
    ['it is no list', {}, 'the body is not an array'],
    ['it is null', null, 'the body is not an array'],
    ['it is empty', [], 'the batch is empty'],
    ['an event is no object', [completed(1), [completed(2)]], 'event 1: it is not an object'],
    [
      'it is of two sources',
      [completed(1), completed(2, 'j', sourceOf('photos', 'x'))],
      'event 1: its source is another',
    ],
    ['it skips a number', [completed(1), completed(3)], 'event 1: number 3 does not follow 1'],
    ['it repeats a number', [completed(1), completed(1)], 'event 1: number 1 does not follow 1'],
    ['it goes backwards', [completed(2), completed(1)], 'event 1: number 1 does not follow 2'],
    ['a loss overlaps', [completed(1), lost(1, 3)], 'event 1: number 1 does not follow 1'],
  ])('%s', async (_, body, detail) => {
    expect(await receiver().detailOf(body)).toContain(detail)
  })
})

describe('an event is refused, with the field, when', () => {
  test.each<[string, unknown[]]>([
    ['specversion', [undefined, '0.3', 1]],
    ['type', [undefined, 'holdfast.job.cancelled', 'toString', null]],
    [
      'source',
      [undefined, '', 'photos', '/holdfast/photos', '/holdfast//o', '/holdfast/a/b/c', '/holdfast/é/o'],
    ],
    ['source', ['/holdfast/a\u0000/o', `/holdfast/${'a'.repeat(5_000)}/o`, 7]],
    ['id', [undefined, '', 1, 'x\u0000', 'x\ud800', 'x'.repeat(1_025)]],
    ['time', [undefined, 'yesterday', 0, '2026-08-09', '2026-08-09T12:00:00', '2026-13-09T12:00:00Z']],
    ['sequence', [undefined, 1, '', '0', '-1', '1.5', '1e3', ' 1', '9007199254740991', '1'.repeat(17)]],
    ['subject', [undefined, '', 7, 'j\n']],
    ['data', [undefined, null, [], 'text']],
    ['data.kind', [undefined, null, 7, 'k'.repeat(8_193)]],
    ['data.key', [undefined, 7, {}, 'k'.repeat(8_193)]],
    ['data.attempt', [undefined, -1, 1.5, '1', 2 ** 53]],
    ['data.finish', [undefined, 0, 1.5, null]],
    ['data.enqueuedAt', [undefined, null, '2026', 9e15]],
    ['data.finishedAt', [undefined, null, -9e15]],
    ['data.error', [undefined, null, 'text', []]],
    ['data.error.reason', [undefined, 7, '']],
    ['data.error.name', [null, 7, 'n'.repeat(8_193)]],
    ['data.error.message', [null, {}, 'm'.repeat(8_193)]],
    ['data.error.status', ['500', 1.5]],
  ])('%s is wrong', async (path, values) => {
    for (const value of values) {
      const detail = await receiver().detailOf([but(dead(1), { [path]: value })])
      expect(detail, JSON.stringify(value)).toContain(`event 0: ${path} is not `)
    }
  })

  test('data.result is longer than any that a device sends', async () => {
    const most = 'r'.repeat(16_382)
    const detail = await receiver().detailOf([but(completed(1), { 'data.result': `${most}r` })])
    expect(detail).toContain('event 0: data.result is not JSON of up to 16384 characters')
    const { receive } = receiver()
    const longest = but(completed(1), { 'data.result': most, 'data.key': 'k'.repeat(8_192) })
    expect((await receive(post(JSON.stringify([longest])))).status).toBe(200)
  })

  test('id is not made of sequence and subject', async () => {
    expect(await receiver().detailOf([but(completed(1), { id: '2-job-1' })])).toContain(
      'id is not <sequence>-<subject>',
    )
    expect(await receiver().detailOf([but(completed(1), { subject: 'job-2' })])).toContain('id is not')
  })

  test('a loss does not end at its sequence, or has the id of another', async () => {
    for (const fields of [
      { 'data.to': 4 },
      { 'data.from': 6 },
      { id: '5-job' },
      { 'data.from': 0 },
      { data: null },
    ]) {
      expect(await receiver().detailOf([but(lost(1, 5), fields)])).toMatch(/^Not a batch.*event 0: (data|id)/)
    }
  })

  test("the queue's name in it is not well-formed", async () => {
    const event = but(completed(1), { source: '/holdfast/%E0%A4%A/o' })
    expect(await receiver().detailOf([event])).toContain('name in source is not well-formed')
  })
})

describe('Holdfast-Previous', () => {
  test.each(['', '3-job', '0-job', '2', '2x', '02-job', '-2-job'])(
    'of %j before number 3 is refused',
    async (id) => {
      const headers = { 'holdfast-previous': id }
      const detail = await receiver().detailOf(range(3, 4), headers)
      expect(detail).toContain('Holdfast-Previous is not the id of number 2')
    },
  )

  test('before number 1 is refused', async () => {
    expect(await receiver().detailOf(range(1, 1), { 'holdfast-previous': '0-job' })).toContain('number 0')
  })
})

describe('what is accepted', () => {
  test('fields that are not known, and are not handed on', async () => {
    const { receive, acks } = receiver()
    const event = but(completed(1), { traceparent: '00-x', 'data.more': 1 })
    const other = but(dead(2), { 'data.error.stack': 'at …' })
    expect((await receive(post(JSON.stringify([event, other])))).status).toBe(200)
    expect(acks[0]).not.toHaveProperty('traceparent')
    expect(acks[0]?.data).not.toHaveProperty('more')
    expect(Reflect.get(acks[1]?.data ?? {}, 'error')).not.toHaveProperty('stack')
  })

  test('a sequence without its zeros', async () => {
    const { receive } = receiver()
    expect((await receive(post(JSON.stringify([but(completed(1), { sequence: '1' })])))).status).toBe(200)
  })

  test('a job without a result, and one that died before any attempt', async () => {
    const { receive, acks } = receiver()
    const expired = but(dead(2), { 'data.error': { reason: 'expired' }, 'data.attempt': 0 })
    const body = JSON.stringify([but(completed(1), { 'data.result': undefined }), expired])
    expect((await receive(post(body))).status).toBe(200)
    expect(acks[0]?.data).not.toHaveProperty('result')
    expect(acks[1]?.data).toMatchObject({ attempt: 0, error: { reason: 'expired' } })
  })

  test('the last of keys that come twice', async () => {
    const { receive, acks } = receiver()
    const text = JSON.stringify(completed(1)).replace('"kind":"upload"', '"kind":7,"kind":"upload"')
    expect((await receive(post(`[${text}]`))).status).toBe(200)
    expect(acks[0]?.data.kind).toBe('upload')
  })

  test('keys that are names of prototypes, as the mere data they are', async () => {
    const { receive, acks } = receiver()
    const poison = '"__proto__":{"polluted":true,"kind":"evil"},"constructor":{"prototype":{"polluted":true}}'
    const text = JSON.stringify(completed(1)).replace('"data":{', `${poison},"data":{${poison},`)
    expect((await receive(post(`[${text}]`))).status).toBe(200)
    expect(acks[0]?.data.kind).toBe('upload')
    expect(Object.getPrototypeOf(acks[0]?.data)).toBe(Object.prototype)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('no field that is only there by its prototype', async () => {
    const { kind: _, ...others } = { ...completed(1).data, kind: 'x' }
    const text = JSON.stringify({ ...completed(1), data: others }).replace(
      '"data":{',
      '"data":{"__proto__":{"kind":"evil"},',
    )
    const { receive, acks } = receiver()
    expect((await receive(post(`[${text}]`))).status).toBe(422)
    expect(acks).toEqual([])
  })
})
