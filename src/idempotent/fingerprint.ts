import { joined } from './bytes.ts'

const carriageReturn = 0x0d
/** RFC 2046: up to 70 characters. */
const boundaryOfType = /^multipart\/[^;]+;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))/i

/**
 * Tells a request sent again from another under the same key: SHA-256 over method, path, query and body. Of a
 * multipart body the boundary is left out, since whoever makes its form anew for each attempt gets another each time.
 */
export async function fingerprintOf(
  method: string,
  url: string,
  contentType: string | null,
  body: Uint8Array,
): Promise<string> {
  const { pathname, search } = new URL(url)
  const [, inQuotes, bare] = boundaryOfType.exec(contentType ?? '') ?? []
  const boundary = inQuotes ?? bare
  const contents = boundary === undefined ? [body] : between(body, encode(`\r\n--${boundary}`))
  // The lengths keep contents apart that would be the same in a row.
  const lengths = contents.map(({ byteLength }) => byteLength).join()
  const parts = [encode(`${method} ${pathname}${search}\n${lengths}\n`), ...contents]
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', joined(parts, length))))
}

/** What is between the delimiters of a multipart body. */
function between(body: Uint8Array, delimiter: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  // The first one may stand at the very beginning, with no line before it.
  let from = isAt(body, 0, delimiter.subarray(2)) ? delimiter.length - 2 : 0
  let at = body.indexOf(carriageReturn, from)
  while (at >= 0) {
    if (isAt(body, at, delimiter)) {
      parts.push(body.subarray(from, at))
      from = at + delimiter.length
    }
    at = body.indexOf(carriageReturn, Math.max(at + 1, from))
  }
  return [...parts, body.subarray(from)]
}

function isAt(bytes: Uint8Array, at: number, sought: Uint8Array): boolean {
  return at + sought.length <= bytes.length && sought.every((byte, index) => bytes[at + index] === byte)
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
