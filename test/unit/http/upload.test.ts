import { uploadFetch } from 'holdfast/http/upload'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => void vi.unstubAllGlobals())

/** What requests were sent with; each is answered with this status. */
function answering(status: number): [string, string][] {
  const headers: [string, string][] = []
  class FakeRequest {
    readonly status = status
    readonly statusText = ''
    readonly responseURL = 'https://app.example/files'
    readonly response = new Blob(['{}'])
    readonly upload = {}
    responseType = ''
    withCredentials = false
    onload: (() => void) | undefined
    onloadend: (() => void) | undefined
    readonly open = (): undefined => undefined
    setRequestHeader(...header: [string, string]): void {
      headers.push(header)
    }
    getAllResponseHeaders(): string {
      return 'content-type: application/json\r\n'
    }
    send(): void {
      queueMicrotask(() => {
        this.onload?.()
        this.onloadend?.()
      })
    }
  }
  vi.stubGlobal('XMLHttpRequest', FakeRequest)
  return headers
}

const send = () => uploadFetch('https://app.example/files', { method: 'POST', body: 'x' }, () => undefined)

test('is answered as by fetch', async () => {
  answering(201)
  const response = await send()
  expect(response).toMatchObject({ status: 201, url: 'https://app.example/files' })
  expect(response.headers.get('content-type')).toBe('application/json')
})

test('rejects an answer that there cannot be, instead of waiting for ever', async () => {
  answering(999)
  await expect(send()).rejects.toThrow(RangeError)
})

test('is told from what a page sends where a service worker may listen: in workers, and in pages that have one', async () => {
  const headers = answering(200)
  const marked = ['Cache-Control', 'no-store']
  await send()
  expect(headers).toContainEqual(marked)
  const page = { controller: null as object | null }
  vi.stubGlobal('document', {})
  vi.stubGlobal('navigator', { serviceWorker: page })
  headers.splice(0)
  await send()
  expect(headers).not.toContainEqual(marked)
  page.controller = {}
  await send()
  expect(headers).toContainEqual(marked)
})
