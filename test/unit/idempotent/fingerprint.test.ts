import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../../src/idempotent/fingerprint.ts'

const url = 'https://example.com/photos'

async function ofForm(parts: Readonly<Record<string, string | Blob>>): Promise<string> {
  const form = new FormData()
  for (const [name, value] of Object.entries(parts)) form.append(name, value)
  const request = new Request(url, { method: 'POST', body: form })
  return fingerprintOf('POST', url, request.headers.get('content-type'), await request.bytes())
}

function ofText(body: string, type: string | null = null): Promise<string> {
  return fingerprintOf('POST', url, type, new TextEncoder().encode(body))
}

const multipart = (boundary: string, ...parts: string[]): string =>
  [...parts.map((part) => `--${boundary}\r\n${part}\r\n`), `--${boundary}--\r\n`].join('')

describe('a fingerprint', () => {
  test('is SHA-256, in hexadecimal', async () => {
    expect(await ofText('a')).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is another for another method, path, query or body', async () => {
    const body = new TextEncoder().encode('a')
    const all = await Promise.all([
      fingerprintOf('POST', url, null, body),
      fingerprintOf('PUT', url, null, body),
      fingerprintOf('POST', `${url}/`, null, body),
      fingerprintOf('POST', `${url}?a`, null, body),
      fingerprintOf('POST', url, null, new Uint8Array()),
    ])
    expect(new Set(all).size).toBe(5)
  })

  test('is the same under another host', async () => {
    const other = 'http://10.0.0.1:8080/photos#part'
    expect(await fingerprintOf('POST', other, null, new Uint8Array([97]))).toBe(await ofText('a'))
  })

  test('of a form is the same each time that it is made anew', async () => {
    const file = new File([new Uint8Array([13, 10, 45, 45, 0, 255])], 'cat.jpg')
    const first = await ofForm({ name: 'Cat', file })
    expect(await ofForm({ name: 'Cat', file })).toBe(first)
    expect(await ofForm({ name: 'Dog', file })).not.toBe(first)
    expect(await ofForm({ file })).not.toBe(first)
    expect(await ofForm({ name: 'Cat', file: new File(['meow'], 'cat.jpg') })).not.toBe(first)
  })

  test.each(['multipart/form-data; boundary=%', 'Multipart/Mixed; charset=utf-8; Boundary="%"'])(
    'leaves the boundary out that %s names',
    async (type) => {
      const of = (boundary: string, ...parts: string[]): Promise<string> =>
        ofText(multipart(boundary, ...parts), type.replace('%', boundary))
      expect(await of('----a', 'one', 'two')).toBe(await of('xyz', 'one', 'two'))
      expect(await of('----a', 'one', 'two')).not.toBe(await of('----a', 'onetwo'))
      expect(await of('----a', 'one', 'two')).not.toBe(await of('----a', 'one'))
      for (const between of ['\r\n', '\r\n\r\n']) {
        expect(await of('----a', 'one', 'two')).not.toBe(await of('----a', `one${between}two`))
      }
    },
  )

  test('leaves nothing out of another type, or where the boundary does not begin a line', async () => {
    expect(await ofText(multipart('a', 'one'), 'text/plain; boundary=a')).not.toBe(
      await ofText(multipart('b', 'one'), 'text/plain; boundary=b'),
    )
    const type = 'multipart/form-data; boundary=a'
    expect(await ofText('x--a', type)).not.toBe(await ofText('x', type))
  })

  test('of a multipart body is another for other parts, whatever they are', async () => {
    const lines = fc.array(fc.constantFrom('a', '--b', '-', '\r\n', '--', 'b', '\r', '\n'), { maxLength: 8 })
    const content = fc.array(
      lines.map((line) => line.join('')),
      { maxLength: 3 },
    )
    const boundary = fc.constantFrom('zzzz', 'yyyy')
    await fc.assert(
      fc.asyncProperty(content, content, boundary, boundary, async (one, two, ofOne, ofTwo) => {
        const first = await ofText(multipart(ofOne, ...one), `multipart/form-data; boundary=${ofOne}`)
        const second = await ofText(multipart(ofTwo, ...two), `multipart/form-data; boundary=${ofTwo}`)
        expect(first === second).toBe(JSON.stringify(one) === JSON.stringify(two))
      }),
    )
  })

  // Where it took more than linear time, this would not end within the test's time limit.
  test('is taken of a hostile body, too', async () => {
    const boundary = '-'.repeat(70)
    const line = `\r\n--${boundary.slice(1)}x`
    const body = line.repeat(Math.ceil(8_000_000 / line.length))
    const type = `multipart/form-data; boundary=${boundary}`
    expect(await ofText(body, type)).not.toBe(await ofText('\r'.repeat(4_000_000), type))
  })
})
