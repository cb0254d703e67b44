import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createQueue, memoryStore } from 'holdfast'
import * as cloudflare from 'holdfast/cloudflare'
import * as sqlite from 'holdfast/sqlite'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')
const readme = read('README.md')

/** The text of a section, its subsections included. */
function section(title: string): string {
  const marks = /^#+ /.exec(title)?.[0] ?? ''
  const begin = readme.indexOf(`\n${title}\n`)
  expect(begin, title).toBeGreaterThan(0)
  const rest = readme.slice(begin + title.length)
  const end = rest.search(new RegExp(`^#{1,${marks.length - 1}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

/** The literals of a union type. */
function union(path: string, name: string): string[] {
  const body = new RegExp(`export type ${name} =((?:\\s*\\|?\\s*'[^']+')+)`).exec(read(path))?.[1] ?? ''
  return [...body.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '')
}

/** What a source says in its properties of that name. */
function literals(path: string, property: string): string[] {
  const found = read(path).matchAll(new RegExp(`readonly ${property}: '([^']+)'`, 'g'))
  return [...new Set([...found].map((match) => match[1] ?? ''))]
}

/** The fields that an interface declares, as far as they stand one a line. */
function fields(path: string, name: string): string[] {
  const body = new RegExp(`interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(read(path))?.[1] ?? ''
  return [...body.matchAll(/^ {2}readonly '?([a-z-]+)'?\??:/gim)].map((match) => match[1] ?? '')
}

function missing(names: readonly string[], text: string): string[] {
  expect(names.length).toBeGreaterThan(1)
  return names.filter((name) => !new RegExp(`[\`.' ]${name}[\`('. ,]`).test(text))
}

describe('the README names', () => {
  test('every method of a queue', async () => {
    const queue = createQueue({ name: 'complete', store: memoryStore(), handlers: { any: () => undefined } })
    const methods = Object.entries(queue).flatMap(([name, value]) =>
      typeof value === 'function' ? [name] : [],
    )
    const text = section('### Methods')
    expect(methods.length).toBeGreaterThan(20)
    expect(methods.filter((name) => !new RegExp(`\`${name}[(\`]`).test(text))).toEqual([])
    await queue.close()
  })

  test('every error code', () => {
    expect(missing(union('src/errors.ts', 'QueueErrorCode'), section('## Errors by code'))).toEqual([])
  })

  test('every event', () => {
    expect(missing(fields('src/queue/events.ts', 'QueueEvents'), section('### Events'))).toEqual([])
  })

  test('every reason to give a job back', () => {
    const body =
      /readonly released: About & \{\s*readonly why: ([^\n]+)/.exec(read('src/queue/events.ts'))?.[1] ?? ''
    const reasons = [...body.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '')
    const row = /^\| `released` .*$/m.exec(section('### Events'))?.[0] ?? ''
    expect(missing(reasons, row)).toEqual([])
  })

  test('what sqliteStore is given, and each of its drivers', () => {
    const text = section('### SQLite')
    const options = ['SqliteFileOptions', 'SqliteDriverOptions'].flatMap((name) =>
      fields('src/store/sqlite.ts', name),
    )
    expect(missing(options, text)).toEqual([])
    const drivers = Object.keys(sqlite).filter((name) => name !== 'sqliteStore')
    expect(missing(drivers, text)).toEqual([])
  })

  test('every option of jobs that are HTTP requests', () => {
    const text = section('## HTTP jobs')
    for (const [path, name] of [
      ['src/http/payload.ts', 'RequestPayloadOptions'],
      ['src/http/handler.ts', 'HttpHandlerOptions<Result> extends AssertOkOptions'],
      ['src/http/assert-ok.ts', 'AssertOkOptions'],
      ['src/http/capture-options.ts', 'CaptureOptions<Kind extends string> extends RequestPayloadOptions'],
      ['src/http/tus/options.ts', 'TusOptions<Payload>'],
    ] as const) {
      expect(missing(fields(path, name), text), name).toEqual([])
    }
  })

  test('everything of holdfast/cloudflare', () => {
    const text = section('### Cloudflare')
    const ofHost =
      /interface CloudflareHost \{\n([\s\S]*?)\n\}/.exec(read('src/host/cloudflare/types.ts'))?.[1] ?? ''
    const methods = [...ofHost.matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1] ?? '')
    const options = fields('src/host/cloudflare/types.ts', 'AttachOptions')
    const ofShards = fields('src/host/cloudflare/shards.ts', 'ShardOptions')
    expect(missing([...Object.keys(cloudflare), ...methods, ...options, ...ofShards], text)).toEqual([])
    expect(missing(Object.keys(cloudflare.sumInfo([])), text)).toEqual([])
  })

  test('what the hosts of pages and service workers are given, and have', () => {
    const text = section('### Pages and service workers')
    for (const [host, name] of [
      ['page', 'PageHost'],
      ['service-worker', 'WorkerHost'],
    ]) {
      const types = `src/host/${host}/types.ts`
      const body = new RegExp(`interface ${name} \\{\n([\\s\\S]*?)\n\\}`).exec(read(types))?.[1] ?? ''
      const methods = [...body.matchAll(/^ {2}([a-z]+)\(/gim)].map((match) => match[1] ?? '')
      expect(missing([...fields(types, 'AttachOptions'), ...methods], text)).toEqual([])
      expect(missing([...fields(types, String(name)), 'detach'], text)).toEqual([])
    }
  })

  test('every state of a job, of its acknowledgement and of the store, and every reason to die', () => {
    const states = ['JobState', 'DeadReason', 'AckState'].flatMap((name) => union('src/machine/job.ts', name))
    expect(missing(states, section('### Job states'))).toEqual([])
    expect(missing(union('src/queue/events.ts', 'StoreState'), section('## Operating'))).toEqual([])
  })

  test('everything that why() can answer', () => {
    expect(missing(literals('src/machine/why.ts', 'reason'), section('### why'))).toEqual([])
  })

  test('every option', () => {
    const options = 'src/queue/options.ts'
    const ofQueue = ['CommonOptions', 'WorkerSettings', 'Limits', 'RetentionSettings']
    const named = ofQueue.flatMap((name) => fields(options, name))
    const groups = ['worker', 'limits', 'retention', 'connectivity']
    const text = section('### createQueue')
    expect(
      missing(
        named.filter((name) => !groups.includes(name)),
        text,
      ),
    ).toEqual([])
    expect(missing(fields(options, 'EnqueueOptions'), section('### enqueue'))).toEqual([])
    const ofTask = [
      ...fields('src/types.ts', 'TaskOptions'),
      ...fields('src/machine/backoff.ts', 'RetryPolicy'),
    ]
    expect(
      missing(
        ofTask.filter((name) => name !== 'retry'),
        section('### Tasks'),
      ),
    ).toEqual([])
    expect(missing(fields('src/sync/options.ts', 'SyncOptions'), section('## Acknowledgements'))).toEqual([])
    expect(missing(fields('src/types.ts', 'JobContext'), section('### Handlers'))).toEqual([])
  })
})

test('each option that has a default is also described', () => {
  const rows = [...readme.matchAll(/^\| option[^\n]* \| default \| \|\n\|[-|]+\n((?:\|[^\n]*\n)+)/gm)]
  expect(rows.length).toBeGreaterThan(4)
  const empty = rows.flatMap(([, table = '']) => table.split('\n').filter((row) => /\|\s*\|$/.test(row)))
  expect(empty).toEqual([])
})
