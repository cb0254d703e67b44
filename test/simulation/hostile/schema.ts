/** The shape of a batch, said once more and in another way than the receiver says it. */
import { isUtf8 } from 'node:buffer'
import * as v from 'valibot'

/** Neither a control character nor half of a surrogate pair. */
function isPlain(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) && !(code >= 0xd800 && code <= 0xdfff)
}

const largest = Number.MAX_SAFE_INTEGER - 1
const name = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(1_024),
  v.check((characters) => [...characters].every(isPlain)),
)
const text = v.pipe(v.string(), v.maxLength(8_192))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(largest))
const instant = v.pipe(v.number(), v.minValue(-8.64e15), v.maxValue(8.64e15))
const segment = "[A-Za-z0-9_.~!$&'()*+,;=:@%-]+"
const clock = '\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:\\d\\d)'

const envelope = {
  specversion: v.literal('1.0'),
  source: v.pipe(v.string(), v.maxLength(4_096), v.regex(new RegExp(`^/holdfast/${segment}/${segment}$`))),
  id: name,
  time: v.pipe(
    v.string(),
    v.regex(new RegExp(`^[+-]?\\d{4,6}-\\d\\d-\\d\\dT${clock}$`)),
    v.check((time) => !Number.isNaN(new Date(time).getTime())),
  ),
  sequence: v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,16}$/),
    v.transform((digits) => BigInt(digits)),
    v.check((value) => value >= 1n && value <= BigInt(largest)),
    v.transform(Number),
  ),
}

const facts = {
  kind: text,
  key: v.nullable(text),
  attempt: count,
  finish: number,
  enqueuedAt: instant,
  finishedAt: instant,
}

const completed = v.object({
  ...envelope,
  type: v.literal('holdfast.job.completed'),
  subject: name,
  data: v.object({
    ...facts,
    result: v.optional(
      v.pipe(
        v.unknown(),
        v.check((result) => JSON.stringify(result).length <= 16_384),
      ),
    ),
  }),
})

const dead = v.object({
  ...envelope,
  type: v.literal('holdfast.job.dead'),
  subject: name,
  data: v.object({
    ...facts,
    error: v.object({
      reason: name,
      name: v.optional(text),
      message: v.optional(text),
      status: v.optional(v.pipe(v.number(), v.safeInteger())),
    }),
  }),
})

const lost = v.object({
  ...envelope,
  type: v.literal('holdfast.acks.lost'),
  data: v.object({ from: number, to: number }),
})

const anyEvent = v.variant('type', [completed, dead, lost])

type Parsed = v.InferOutput<typeof anyEvent>

/** Whether what an event says twice is the same. */
function agrees(event: Parsed): boolean {
  const { id, sequence } = event
  if (event.type !== 'holdfast.acks.lost') return id === `${sequence}-${event.subject}`
  const { from, to } = event.data
  return to === sequence && from <= to && id === `${sequence}-lost`
}

/** What the rules of settling go by. */
export interface Event {
  readonly source: string
  readonly id: string
  /** The numbers it speaks for. */
  readonly from: number
  readonly to: number
  /** The job's; absent where numbers are lost. */
  readonly kind?: string
}

function eventOf(parsed: Parsed): Event {
  const { source, id, sequence: to } = parsed
  if (parsed.type === 'holdfast.acks.lost') return { source, id, from: parsed.data.from, to }
  return { source, id, from: to, to, kind: parsed.data.kind }
}

/** The events of a batch, or `undefined` for a body that is none. */
export function batchOf(json: unknown, previous: string | null): readonly [Event, ...Event[]] | undefined {
  if (!Array.isArray(json)) return undefined
  const list: Event[] = []
  for (const each of json) {
    // An array has no fields of an event, but a library may look at it as at any object.
    const parsed = Array.isArray(each) ? undefined : v.safeParse(anyEvent, each)
    if (!parsed?.success || !agrees(parsed.output)) return undefined
    list.push(eventOf(parsed.output))
  }
  const [first, ...rest] = list
  if (first === undefined) return undefined
  try {
    decodeURIComponent(first.source)
  } catch {
    // Of a source only the name of the queue has to be well-formed.
    const [, , queue = ''] = first.source.split('/')
    if (!isEscaped(queue)) return undefined
  }
  let next = first.to + 1
  for (const event of rest) {
    if (event.source !== first.source || event.from !== next) return undefined
    next = event.to + 1
  }
  if (previous !== null) {
    const before = first.from - 1
    if (before < 1 || !v.is(name, previous) || !previous.startsWith(`${before}-`)) return undefined
  }
  return [first, ...rest]
}

function isEscaped(segmentOfSource: string): boolean {
  const bytes = segmentOfSource.replace(/%([0-9a-f]{2})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  if (/%(?![0-9a-f]{2})/i.test(segmentOfSource)) return false
  return isUtf8(Buffer.from(bytes, 'latin1'))
}
