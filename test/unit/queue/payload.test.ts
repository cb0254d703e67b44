import { describe, expect, it } from 'vitest'
import { createQueue } from '../../../src/index.ts'
import { bench } from './bench.ts'

describe('the size of a payload', () => {
  const text = 'é€😀'.repeat(300)
  const bytes = 9 * 300

  it.each<[string, unknown, number]>([
    ['JSON, as UTF-8', { text }, bytes + '{"text":""}'.length],
    ['text in what is no JSON, as UTF-8', new Set([text]), bytes + 16 + '.values()[0]'.length],
    ['binary data, exactly', new Uint8Array(5_000), 5_000],
  ])('is that of %s', async (_, payload, expected) => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({
        ...given({ limits: { maxPayloadBytes: expected } }),
        handlers: { keep: (_: unknown) => 1 },
      }),
    )
    const { id } = await queue.enqueue('keep', payload)
    expect(await queue.get(id)).toMatchObject({ payloadBytes: expected })
    const tight = keep(
      createQueue({
        ...given({ limits: { maxPayloadBytes: expected - 1 } }),
        handlers: { keep: (_: unknown) => 1 },
      }),
    )
    const refused = tight.enqueue('keep', payload)
    await expect(refused).rejects.toMatchObject({ code: 'payload-too-large' })
    await expect(refused).rejects.toThrow(`it has ${expected} bytes, of ${expected - 1} allowed`)
  })

  it('is limited in bytes also where it travels in the log', async () => {
    const { given, keep } = bench()
    const queue = keep(
      createQueue({ ...given({ limits: { maxPayloadBytes: 10 } }), handlers: { keep: (_: unknown) => 1 } }),
    )
    await expect(queue.enqueue('keep', '€€€')).rejects.toMatchObject({ code: 'payload-too-large' })
    expect(await queue.enqueue('keep', '€€')).toMatchObject({ outcome: 'created' })
  })
})
