import { httpTask, requestPayload } from 'holdfast/http'
import { describe, expect, test, vi } from 'vitest'
import { createQueue, defineTasks } from '../../../src/index.ts'
import { bench } from '../queue/bench.ts'

const url = 'https://example.com/comments?on=7'

const asked = (init: RequestInit = {}, to: string = url): Request =>
  new Request(to, { method: 'POST', ...init })

/** Node's requests have no mode but `cors`; a browser's do. */
function withMode(request: Request, mode: RequestMode): Request {
  return Object.defineProperty(request, 'mode', { value: mode })
}

describe('a kept request', () => {
  test('has its method, its URL and its headers, but for secrets', async () => {
    const headers = {
      Accept: 'text/plain',
      Authorization: 'Bearer secret',
      Cookie: 'session=1',
      'X-CSRF-Token': 'secret',
    }
    expect(await requestPayload(asked({ method: 'DELETE', headers }))).toEqual({
      url,
      method: 'DELETE',
      headers: [['accept', 'text/plain']],
    })
    const own = await requestPayload(asked({ headers }), {
      omitHeaders: ['Authorization', 'COOKIE', 'Accept'],
    })
    expect(own.headers).toEqual([['x-csrf-token', 'secret']])
    const all = await requestPayload(asked({ headers }), { omitHeaders: [] })
    expect(Object.fromEntries(all.headers)).toMatchObject({
      authorization: 'Bearer secret',
      'x-csrf-token': 'secret',
    })
  })

  test('has small text as text, whatever is in it', async () => {
    const body = '\ufeff{"text":"Schöne Grüße 🐈"}'
    const headers = { 'Content-Type': 'application/json' }
    expect((await requestPayload(asked({ body, headers }))).body).toBe(body)
    const form = new URLSearchParams({ a: '1', b: 'ä' })
    expect((await requestPayload(asked({ body: form }))).body).toBe('a=1&b=%C3%A4')
  })

  test.each([
    ['binary data', 'image/png', new Uint8Array([137, 80, 0, 255])],
    ['what only says that it is text', 'text/plain', new Uint8Array([0xff, 0xfe, 65])],
    ['large text', 'text/plain', new TextEncoder().encode('x'.repeat(70_000))],
  ])('has %s as its bytes', async (_, type, bytes) => {
    const { body, headers } = await requestPayload(asked({ body: bytes, headers: { 'Content-Type': type } }))
    if (!(body instanceof Blob)) expect.fail('not a Blob')
    expect(new Uint8Array(await body.arrayBuffer())).toEqual(bytes)
    expect(headers).toEqual([['content-type', type]])
  })

  test('has a form with its boundary, so that it reads as it was written', async () => {
    const form = new FormData()
    form.set('caption', 'A cat')
    form.set('file', new File(['meow'], 'cat.jpg'))
    const { body, headers } = await requestPayload(asked({ body: form }))
    const again = await new Request(url, {
      method: 'POST',
      headers: new Headers([...headers.map(([n, v]): [string, string] => [n, v])]),
      body: body ?? null,
    }).formData()
    expect(again.get('caption')).toBe('A cat')
    expect(await (again.get('file') as File).text()).toBe('meow')
  })

  test('has the settings that are not the usual', async () => {
    const usual = { credentials: 'same-origin', mode: 'cors', cache: 'reload', redirect: 'follow' } as const
    expect(Object.keys(await requestPayload(asked(usual)))).toEqual(['url', 'method', 'headers'])
    const settings = {
      credentials: 'include',
      mode: 'same-origin',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      integrity: 'sha256-abc',
    } as const
    expect(await requestPayload(asked(settings))).toMatchObject(settings)
  })
})

describe('what is not kept', () => {
  test('is a body that was read already', async () => {
    const request = asked({ body: 'once' })
    await request.text()
    await expect(requestPayload(request)).rejects.toThrow('its body was read already')
  })

  test('is a body that is larger than it may be, or never ends', async () => {
    const large = requestPayload(asked({ body: 'x'.repeat(11) }), { maxBytes: 10 })
    await expect(large).rejects.toThrow(
      new RangeError('Cannot keep the request POST /comments: its body has more than 10 bytes'),
    )
    expect((await requestPayload(asked({ body: 'x'.repeat(10) }), { maxBytes: 10 })).body).toBe(
      'x'.repeat(10),
    )
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) })
    const init = { method: 'POST', body: endless, duplex: 'half' }
    await expect(requestPayload(new Request(url, init), { maxBytes: 9_999 })).rejects.toThrow(RangeError)
  })

  test('is a body that fails on the way', async () => {
    const broken = new Error('The disk is gone')
    const body = new ReadableStream({ pull: (controller) => controller.error(broken) })
    await expect(
      requestPayload(new Request(url, { method: 'POST', body, duplex: 'half' } as RequestInit)),
    ).rejects.toBe(broken)
  })

  test('is a navigation, or what goes to another origin unheard', async () => {
    await expect(requestPayload(withMode(asked(), 'navigate'))).rejects.toThrow('it is a navigation')
    await expect(requestPayload(withMode(asked(), 'no-cors'))).rejects.toThrow(
      'it is no-cors to another origin, and its answer could not be judged',
    )
    vi.stubGlobal('location', new URL('https://example.com/app'))
    expect(await requestPayload(withMode(asked(), 'no-cors'))).not.toHaveProperty('mode')
    vi.unstubAllGlobals()
  })

  test('is anything but a Request', async () => {
    await expect(requestPayload(url as never)).rejects.toThrow('expected a Request')
    await expect(requestPayload(asked(), { maxByte: 1 } as never)).rejects.toThrow('maxByte')
  })
})

describe('httpTask', () => {
  test('takes what requestPayload makes, and refuses at the enqueue what no request can be made of', async () => {
    const { given, keep } = bench()
    const tasks = defineTasks({ request: httpTask({ maxRunning: 2 }) })
    const queue = keep(createQueue({ ...given(), tasks, handlers: { request: async () => undefined } }))
    const payload = await requestPayload(asked({ body: new Uint8Array([0, 255]) }))
    await queue.enqueue('request', payload)
    for (const [name, wrong] of [
      ['url', { url: '/relative' }],
      ['url', { url: undefined }],
      ['method', { method: 7 }],
      ['headers', { headers: { accept: '*/*' } }],
      ['headers', { headers: [['one']] }],
      ['body', { body: { text: 'no' } }],
    ] as const) {
      const refused = queue.enqueue('request', { ...payload, ...wrong } as never)
      await expect(refused).rejects.toMatchObject({ code: 'payload-invalid', issues: [{ path: [name] }] })
    }
    await expect(queue.enqueue('request', null as never)).rejects.toMatchObject({ code: 'payload-invalid' })
  })
})
