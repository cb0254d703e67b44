/** The longest wait a `Retry-After` can ask for: a server that means longer will say so again. One day. */
export const maxRetryAfterMs = 86_400_000

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const standardDate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const rfc850Date = /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const asctimeDate = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/

/**
 * The milliseconds that a `Retry-After` header asks to wait: seconds, or an HTTP date of any of the three forms that
 * RFC 9110 obliges a recipient to read. A date in the past is 0, more than a day is a day, and anything else is
 * `undefined`. A date is measured from the answer's own `Date` where there is one, so that a wrong clock on the
 * device changes nothing, else from `now()` (epoch milliseconds).
 */
export function retryAfterMs(headers: Pick<Headers, 'get'>, now: () => number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1_000, maxRetryAfterMs)
  const at = parseHttpDate(value, now)
  if (at === undefined) return undefined
  const sentAt = parseHttpDate(headers.get('date')?.trim() ?? '', now) ?? now()
  return Math.min(Math.max(at - sentAt, 0), maxRetryAfterMs)
}

// Date.parse takes nearly anything for a date, and differs by engine.
function parseHttpDate(text: string, now: () => number): number | undefined {
  const standard = standardDate.exec(text)
  if (standard) {
    const [, day, month, year, ...time] = standard
    return instant(year, month, day, time)
  }
  const rfc850 = rfc850Date.exec(text)
  if (rfc850) {
    const [, day, month, year, ...time] = rfc850
    return instant(fullYear(Number(year), now), month, day, time)
  }
  const asctime = asctimeDate.exec(text)
  if (asctime) {
    const [, month, day, hours = '', minutes = '', seconds = '', year] = asctime
    return instant(year, month, day, [hours, minutes, seconds])
  }
  return undefined
}

/** RFC 9110: a two-digit year that looks more than 50 years ahead is the past one with the same last digits. */
function fullYear(twoDigits: number, now: () => number): number {
  const thisYear = new Date(now()).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  return year > thisYear + 50 ? year - 100 : year
}

function instant(
  year: string | number | undefined,
  month: string | undefined,
  day: string | undefined,
  time: readonly string[],
): number | undefined {
  const monthIndex = months.indexOf(month ?? '')
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number)
  if (monthIndex < 0 || Number(day) < 1 || Number(day) > 31) return undefined
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  return Date.UTC(Number(year), monthIndex, Number(day), hours, minutes, seconds)
}
