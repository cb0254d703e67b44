import { logHeader, lostHeader } from '../sync/wire.ts'
import { unescaped } from './shape.ts'

/** The longest life browsers grant a cookie: 400 days, in seconds; each answer begins it anew. */
const maxAgeSeconds = 34_560_000

/**
 * Remembers in a cookie which log the device has, since the device's own storage is lost all at once. Sets the answer's
 * headers: the cookie, and which log was there before if it is another.
 */
export function rememberLog(
  request: Request,
  answer: Headers,
  queue: string,
  secure: boolean = request.url.startsWith('https:'),
): void {
  const log = request.headers.get(logHeader)
  if (log === null || !isLogId(log)) return
  const cookie = `holdfast-log-${hashOf(queue)}`
  const before = cookieOf(request.headers.get('cookie') ?? '', cookie)
  const attributes = `Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  answer.set('set-cookie', `${cookie}=${encodeURIComponent(log)}; ${attributes}`)
  if (before !== undefined && before !== log) answer.set(lostHeader, before)
}

// It goes back into a header: nothing else may get there from a forged cookie.
function isLogId(text: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(text)
}

function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const [key, value = ''] = pair.trim().split('=', 2)
    const log = key === name ? unescaped(value) : undefined
    if (log !== undefined) return isLogId(log) ? log : undefined
  }
  return undefined
}

/** FNV-1a of 64 bits: a queue's name may hold what the name of a cookie may not. */
function hashOf(queue: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(queue)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(36)
}
