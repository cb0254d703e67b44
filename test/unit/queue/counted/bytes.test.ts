import { describe, expect, it } from 'vitest'
import { jobs, origin, trivial } from './counted.ts'

/** 200 bytes of JSON, and 10 backslashes more as a text in JSON: as many as it has quotes. */
const payload = { url: 'https://example.com/', text: 'x'.repeat(148), number: 12 }
const written = 210

/** Everything before the first event and behind the last: the format, the time and brackets. */
const envelope = 38
const comma = 1
/** Of fixed length. */
const id = '"V1StGXR8_Z5jdHi6B-myT"'

function bodies(records: readonly unknown[]): string[] {
  return records.map((record) => {
    if (typeof record !== 'object' || record === null || !('body' in record)) throw new TypeError('No body')
    return String(record.body)
  })
}

describe('how many bytes the log takes', { timeout: 60_000 }, () => {
  it('an enqueue of 200 bytes of JSON is an entry of 334, and each further one in it 297 more', async () => {
    const { context, records } = origin()
    const queue = context()
    expect(JSON.stringify(JSON.stringify(payload))).toHaveLength(written + 2)
    await queue.enqueue('work', payload)
    await queue.enqueueAll(jobs(100, payload))
    expect(bodies(await records('log')).map(({ length }) => length)).toEqual([334, 334 + 99 * 297])
    // Of which the job's id, its owner, its kind and their names:
    expect(334 - envelope - written).toBe(86)
  })

  it('100 claims are an entry of 2 557: an id each, and who claims them', async () => {
    const { context, records } = origin()
    const queue = context({ work: trivial, worker: { concurrency: 100 } })
    await queue.enqueueAll(jobs(100))
    await queue.drain()
    const [, claim] = bodies(await records('log'))
    expect(claim).toHaveLength(2_557)
    expect(2_557 - envelope - 100 * (id.length + comma)).toBe(119)
  })

  it('100 completions and the 100 claims that follow are an entry of 8 557: 84 bytes a job', async () => {
    const { context, records } = origin()
    const queue = context({ work: trivial, worker: { concurrency: 100 } })
    await queue.enqueueAll(jobs(200))
    await queue.drain()
    const [, claim, both] = bodies(await records('log'))
    expect(both).toHaveLength(8_557)
    const completed = `{"type":"completed","id":${id},"epoch":1}`
    expect(claim).toHaveLength(8_557 - 100 * (completed.length + comma))
  })

  it('a pending job is 312 bytes of a page, 102 beside its payload of 200', async () => {
    const { context, records, quiet } = origin()
    const queue = context()
    await queue.enqueueAll(jobs(1_001, payload))
    await quiet()
    const pages = bodies(await records('pages'))
    // The third holds the 512th to the 767th job: all their numbers have three digits.
    expect(pages[2]).toHaveLength(16 + 256 * 312)
    expect(312 - written).toBe(102)
  })
})
