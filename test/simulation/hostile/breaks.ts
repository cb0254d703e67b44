/** What a batch is broken with: as a tree, as text, and as bytes. */
import type { Random } from '../../../src/testing/simulator/random.ts'

const encoder = new TextEncoder()

const nasty: readonly [unknown, ...unknown[]] = [
  'null',
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    Number.MAX_SAFE_INTEGER,
    -0,
    8.64e15,
    8.64e15 + 2,
    [],
    {},
    [[]],
  ],
  ...[
    '',
    '0',
    '1',
    '0000000000000004',
    '9007199254740990',
    '9007199254740991',
    '9999999999999999',
    '1e3',
    ' 1',
  ],
  ...[
    '\0',
    'a\nb',
    '\x85',
    '\ud800',
    '\udc00x',
    'é',
    '\u{1f4f7}',
    '\u202e',
    '__proto__',
    'toString',
    '1.0',
    '4-lost',
  ],
  ...[
    'holdfast.job.dead',
    'holdfast.acks.lost',
    'holdfast.job.completed',
    '/holdfast/a/b',
    '/holdfast/%/o',
    '/holdfast/%ff/o',
  ],
  ...[
    '2026-08-09T12:00:00Z',
    '2026-13-09T12:00:00Z',
    '+275760-09-13T00:00:00.000Z',
    '+275760-09-14T00:00:00Z',
    'refuse',
  ],
  ...['x'.repeat(1_024), 'x'.repeat(1_025), 'x'.repeat(8_192), 'x'.repeat(8_193), 'x'.repeat(16_383)],
  { kind: 'upload' },
  { from: 1, to: 1 },
  { reason: 'fatal' },
]

const fields: readonly [string, ...string[]] = [
  'extra',
  ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'sequence', 'data', '__proto__'],
]
const dataFields: readonly [string, ...string[]] = [
  'extra',
  ...[
    'kind',
    'key',
    'attempt',
    'finish',
    'enqueuedAt',
    'finishedAt',
    'result',
    'error',
    'from',
    'to',
    '__proto__',
  ],
]
const errorFields: readonly [string, ...string[]] = ['reason', 'name', 'message', 'status', 'constructor']

type Break = (random: Random, tree: unknown[], index: number) => void

const dataOf = (event: unknown): unknown => Reflect.get(Object(event), 'data')

const breaks = {
  field: (random, tree, index) => set(random, tree[index], random.pick(fields)),
  data: (random, tree, index) => set(random, dataOf(tree[index]), random.pick(dataFields)),
  error: (random, tree, index) =>
    set(random, Reflect.get(Object(dataOf(tree[index])), 'error'), random.pick(errorFields)),
  deep: (random, tree, index) => set(random, dataOf(tree[index]), 'result', nested(random)),
  number: (random, tree, index) => renumber(random, tree[index]),
  move: (random, tree, index) => void tree.splice(random.below(tree.length), 0, ...tree.splice(index, 1)),
  twice: (_, tree, index) => void tree.splice(index, 0, tree[index]),
  drop: (_, tree, index) => void tree.splice(index, 1),
  replace(random, tree, index) {
    tree[index] = nastyValue(random)
  },
} satisfies Record<string, Break>

const often: Record<keyof typeof breaks, number> = {
  ...{ field: 25, data: 30, error: 8, deep: 5, number: 10, move: 5, twice: 5, drop: 8, replace: 4 },
}

/** Changes one thing in a parsed batch. */
export function breakTree(random: Random, tree: unknown): void {
  if (!Array.isArray(tree) || tree.length === 0) return
  const way: Break = breaks[random.weighted(often) ?? 'field']
  way(random, tree, random.below(tree.length))
}

// A copy: it may be broken further.
function nastyValue(random: Random): unknown {
  return structuredClone(random.pick(nasty))
}

/** Another number, and an id that goes with it. */
function renumber(random: Random, event: unknown): void {
  const target: object = Object(event)
  const number = Number(Reflect.get(target, 'sequence')) + random.between(-2, 2)
  set(random, target, 'sequence', String(number))
  set(random, target, 'id', `${number}-${Reflect.get(target, 'subject')}`)
}

function set(random: Random, target: unknown, key: string, value: unknown = nastyValue(random)): void {
  if (typeof target !== 'object' || target === null) return
  if (random.chance(0.15)) Reflect.deleteProperty(target, key)
  // Assigned, __proto__ would be no field.
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

function nested(random: Random): unknown {
  let value: unknown = 1
  for (let depth = random.pick([3, 100, 123, 124, 125, 126, 140, 1_000]); depth > 0; depth -= 1) {
    value = random.chance(0.5) ? [value] : { a: value }
  }
  return value
}

export function wrapped(random: Random, tree: unknown): unknown {
  return random.pick([{ events: tree }, [tree], null, 7, 'text', {}, [], Array.from({ length: 41 }, () => 0)])
}

const snippets: readonly [string, ...string[]] = [
  ';',
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\n',
    ' ',
    '0',
    '-',
    '1e400',
    '\\ud800',
    '\\u0000',
    '"__proto__":{"kind":"evil"},',
  ],
  ...[
    '"kind":"broken",',
    '"kind":7,',
    '"sequence":"1",',
    'null',
    'NaN',
    '/*',
    '\ufeff',
    '\u2028',
    '[[[[[[[[',
    '{"a":'.repeat(30),
  ],
  ...['['.repeat(130), 'x'.repeat(70_000), '"data":{},', '01', '+1', "'"],
]

export function brokenText(random: Random, text: string): string {
  let broken = text
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    // Before a key is where another may stand, also the same one.
    const keys = [...broken.matchAll(/"[a-z]+":/gi)].map((match) => match.index)
    const place = random.chance(0.5)
      ? (keys[random.below(keys.length)] ?? 0)
      : random.below(broken.length + 1)
    const cut = random.chance(0.4) ? random.below(4) : 0
    broken = broken.slice(0, place) + random.pick(snippets) + broken.slice(place + cut)
  }
  return random.chance(0.15) ? broken.slice(0, random.below(broken.length + 1)) : broken
}

export function brokenBytes(random: Random, text: string): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(text.replace('upload', 'up€load\u{1f4f7}'))
  const place = random.below(bytes.length)
  switch (random.weighted({ cut: 3, flip: 4, high: 3, overlong: 1, surrogate: 1 })) {
    case 'cut':
      return bytes.slice(0, place)
    case 'flip':
      bytes[place] = (bytes[place] ?? 0) ^ (1 << random.below(8))
      return bytes
    case 'high':
      bytes[place] = random.between(0x80, 0xff)
      return bytes
    case 'overlong':
      bytes.set([0xc0, 0xaf], Math.min(place, bytes.length - 2))
      return bytes
    default:
      bytes.set([0xed, 0xa0, 0x80], Math.min(place, bytes.length - 3))
      return bytes
  }
}

export function rawBytes(random: Random): Uint8Array<ArrayBuffer> {
  const length = random.weighted({ none: 1, few: 8, many: 1 })
  const bytes = new Uint8Array(length === 'none' ? 0 : random.below(length === 'few' ? 64 : 70_000))
  const bound = random.pick([256, 128, 64])
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = random.below(bound)
  return bytes
}
