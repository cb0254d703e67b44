import { problem } from './problem.ts'

/** How deep a body may nest: an application that walks a `result` recursively must survive it. */
const maxDepth = 128

/** A body as parsed JSON, or the answer that refuses it. Never holds more than `maxBytes` of it. */
export async function readJson(request: Request, maxBytes: number): Promise<{ json: unknown } | Response> {
  const bytes = await readBytes(request, maxBytes).catch(() => undefined)
  if (bytes === undefined) return problem(400, 'body-lost', 'The body broke off')
  if (bytes === 'too-large')
    return problem(413, 'body-too-large', `The body is larger than ${maxBytes} bytes`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (depthOf(text) > maxDepth)
      return problem(422, 'too-deep', `The body nests deeper than ${maxDepth} levels`)
    return { json: JSON.parse(text) }
  } catch {
    return problem(400, 'bad-json', 'The body is not JSON in UTF-8')
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | 'too-large'> {
  // A length that admits to being too large is believed; no other is.
  if (Number(request.headers.get('content-length')) > maxBytes) return 'too-large'
  // Nothing may stand there for no body, and does in Firefox for any (in a page or a service worker).
  const reader = (request.body ?? (await request.blob()).stream()).getReader()
  // One buffer that grows: a list of the chunks would cost a hundred times the limit where they are of a byte each.
  let bytes = new Uint8Array()
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return bytes.subarray(0, length)
    const end = length + value.byteLength
    if (end > maxBytes) {
      // The client may be slow to notice, and the answer need not wait for that.
      reader.cancel().catch(() => undefined)
      return 'too-large'
    }
    if (end > bytes.length) {
      const larger = new Uint8Array(Math.min(2 * end, maxBytes))
      larger.set(bytes)
      bytes = larger
    }
    bytes.set(value, length)
    length = end
  }
}

/** How deep brackets nest outside of strings. Counted before parsing, so no engine's limit is ever met. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '"') quoted = !quoted
    else if (quoted) index += character === '\\' ? 1 : 0
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}
