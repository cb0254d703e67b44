import { describe, expect, test } from 'vitest'
import { changedPages, encodePage, loadState } from '../../../src/machine/codec.ts'
import type { LogEvent } from '../../../src/machine/events.ts'
import {
  countUnsent,
  decideFork,
  decideGiveBack,
  decideSetAside,
  decideSettle,
  decideTake,
  hasUnsent,
  isFresh,
  listRejects,
  type Settlement,
  senderMs,
  untilFree,
} from '../../../src/machine/outbox.ts'
import { nextBatch, type Outgoing } from '../../../src/machine/outgoing.ts'
import { State } from '../../../src/machine/state.ts'
import { finishEvents, jobs, owner } from './device.ts'

/** A state, and what was last decided on it. */
class Log {
  readonly state: State = new State()
  mono = 0
  #seq = 0

  apply(...events: readonly LogEvent[]): void {
    this.#seq++
    this.state.mono = this.mono
    this.state.apply({ seq: this.#seq, writer: 'w', counter: this.#seq, at: this.mono, events })
  }

  /** Decides in a speculation, as a replica does, then applies what was decided. */
  decide<T>(
    decide: (deciding: {
      owner: string
      now: { wall: number; mono: number }
      emit: (event: LogEvent) => void
    }) => T,
  ): {
    readonly value: T
    readonly events: readonly LogEvent[]
  } {
    const events: LogEvent[] = []
    const now = { wall: this.mono, mono: this.mono }
    const value = this.state.speculate(now, (fold) =>
      decide({
        owner,
        now,
        emit(event) {
          fold(event)
          events.push(event)
        },
      }),
    )
    if (events.length > 0) this.apply(...events)
    return { value, events }
  }

  settle(through: number, id: string, more: Partial<Settlement> = {}) {
    const said = { outbox: 'outbox-1', through, id, rejected: [], ...more }
    return this.decide((deciding) => decideSettle(this.state, 'me', said, deciding))
  }

  take(sender = 'me', byes: ReadonlySet<string> = new Set()) {
    return this.decide((deciding) => decideTake(this.state, sender, byes, deciding))
  }

  setAside(sequence: number, outbox = 'outbox-1') {
    const refused = { sequence, code: 'http-422', message: 'Refused' }
    return this.decide((deciding) => decideSetAside(this.state, outbox, refused, deciding))
  }
}

function finished(count: number): Log {
  const log = new Log()
  log.apply(...jobs(count).flatMap((id) => finishEvents({ id })))
  return log
}

describe('taking the outbox', () => {
  test('finds nothing to send where nothing finished, and where everything is settled', () => {
    const log = new Log()
    expect(log.take()).toEqual({ value: { type: 'empty' }, events: [] })
    expect(nextBatch(log.state, owner, { count: 5, bytes: 100, measure: () => 1 })).toBeUndefined()
    expect(listRejects(log.state, owner)).toEqual([])
    log.apply(...finishEvents({ id: 'job-1' }))
    log.take()
    log.settle(1, '1-job-1')
    expect(log.take()).toEqual({ value: { type: 'empty' }, events: [] })
    expect(nextBatch(log.state, owner, { count: 5, bytes: 100, measure: () => 1 })).toBeUndefined()
  })

  test('is told in the log, and told again only when a third of its time has gone', () => {
    const log = finished(1)
    expect(log.take()).toEqual({
      value: { type: 'taken' },
      events: [{ type: 'sending', owner, sender: 'me' }],
    })
    log.mono = senderMs / 3 - 1
    expect(log.take()).toEqual({ value: { type: 'taken' }, events: [] })
    expect(isFresh(log.state, owner, 'me', log.mono)).toBe(true)
    log.mono++
    expect(isFresh(log.state, owner, 'me', log.mono)).toBe(false)
    expect(log.take().events).toHaveLength(1)
  })

  test('is refused while another sender was seen less than 60 s ago', () => {
    const log = finished(1)
    log.take('other')
    log.mono = senderMs - 1
    expect(log.take()).toEqual({ value: { type: 'busy', waitMs: 1 }, events: [] })
    expect(untilFree(log.state, owner, 'other', new Set(), log.mono)).toBe(0)
    log.mono++
    expect(log.take()).toMatchObject({ value: { type: 'taken' }, events: [{ sender: 'me' }] })
  })

  test('is granted at once when the other sender said goodbye', () => {
    const log = finished(1)
    log.take('other')
    expect(log.take('me', new Set(['somebody'])).value.type).toBe('busy')
    expect(log.take('me', new Set(['other']))).toMatchObject({
      value: { type: 'taken' },
      events: [{ sender: 'me' }],
    })
  })

  test('is refused for 60 s from the load on, where a checkpoint alone tells of the sender', () => {
    const { state } = finished(1)
    state.outboxes.put(owner, { owner, id: 'outbox-1', last: 1, acked: 0, rejects: 0, sender: 'other' })
    const pages = changedPages(state, 0).map((page) => ({ id: page.id, body: encodePage(page) }))
    const loaded = loadState({ log: 'log', mark: state.seq, pages, entries: [] }, 5_000)
    expect(untilFree(loaded, owner, 'me', new Set(), 5_000)).toBe(senderMs)
    expect(untilFree(loaded, owner, 'me', new Set(), 5_000 + senderMs)).toBe(0)
  })

  test('is refused by a sender of which no sighting is left, since nothing says that it is silent', () => {
    const log = finished(1)
    log.take('other')
    log.state.index.seen.delete('other')
    log.mono = senderMs * 2
    expect(log.take().value).toEqual({ type: 'busy', waitMs: senderMs })
  })

  test('ends when it is given back, by the one who has it', () => {
    const log = finished(1)
    log.take()
    expect(log.decide((deciding) => decideGiveBack(log.state, 'other', deciding)).events).toEqual([])
    expect(log.decide((deciding) => decideGiveBack(log.state, 'me', deciding)).events).toHaveLength(1)
    expect(log.take('other').value).toEqual({ type: 'taken' })
    expect(countUnsent(log.state, owner)).toBe(1)
  })
})

describe('the next batch', () => {
  const weightless = { count: 500, bytes: 1_000, measure: () => 1 }

  function told(items: readonly Outgoing[] = []): (number | string)[] {
    return items.map((item) => (item.type === 'ack' ? item.ack.sequence : `${item.from}..${item.to}`))
  }

  test('is bounded by count and by bytes, and has one event however large', () => {
    const { state } = finished(9)
    expect(told(nextBatch(state, owner, { ...weightless, count: 3 })?.items)).toEqual([1, 2, 3])
    expect(told(nextBatch(state, owner, { ...weightless, bytes: 4 })?.items)).toEqual([1, 2, 3, 4])
    expect(told(nextBatch(state, owner, { ...weightless, measure: () => 2_000 })?.items)).toEqual([1])
  })

  test('begins after what is settled, and names the id there', () => {
    const log = finished(4)
    log.settle(2, '2-job-2')
    expect(nextBatch(log.state, owner, weightless)).toMatchObject({
      outbox: 'outbox-1',
      first: 3,
      last: 4,
      previous: '2-job-2',
    })
  })

  test('tells of consecutive numbers that are gone as one loss', () => {
    const log = finished(6)
    log.setAside(2)
    log.setAside(3)
    log.setAside(6)
    const batch = nextBatch(log.state, owner, weightless)
    expect(told(batch?.items)).toEqual([1, '2..3', 4, 5, '6..6'])
    expect(batch?.last).toBe(6)
  })

  test('from a lower number tells of everything settled as one loss, with what is gone behind it', () => {
    const log = finished(6)
    log.settle(3, '3-job-3')
    log.setAside(4)
    const batch = nextBatch(log.state, owner, { ...weightless, from: 2 })
    expect(told(batch?.items)).toEqual(['2..4', 5, 6])
    expect(batch).toMatchObject({ first: 2, last: 6, previous: undefined })
  })
})

describe('a settlement', () => {
  test('settles up to its number in one entry, keeps the outbox for what is left, and else gives it back', () => {
    const log = finished(3)
    log.take()
    const rejected = [
      { sequence: 1, code: 'no', message: 'No' },
      { sequence: 3, code: 'early', message: '' },
    ]
    const { value, events } = log.settle(2, '2-job-2', { rejected })
    expect(value).toEqual('settled')
    expect(events.map((event) => event.type)).toEqual(['acked', 'sending'])
    expect(events[0]).toMatchObject({ through: 2, ids: ['1-job-1', '2-job-2'], rejected: [rejected[0]] })
    expect(log.state.outboxes.get(owner)?.sender).toBe('me')
    expect(log.settle(3, '3-job-3').events.map((event) => event.type)).toEqual(['acked'])
    expect(log.state.outboxes.get(owner)).toMatchObject({ acked: 3, ackedId: '3-job-3', sender: undefined })
    expect(hasUnsent(log.state, owner)).toBe(false)
  })

  test('leaves the outbox to another sender who took it meanwhile', () => {
    const log = finished(2)
    log.take('other')
    expect(log.settle(1, '1-job-1').events.map((event) => event.type)).toEqual(['acked'])
    expect(log.state.outboxes.get(owner)?.sender).toBe('other')
  })

  test('told again changes nothing, but gives back an outbox with nothing left in it', () => {
    const log = finished(2)
    log.take()
    log.settle(1, '1-job-1')
    expect(log.settle(1, '1-job-1')).toEqual({
      value: 'settled',
      events: [],
    })
    log.settle(2, '2-job-2')
    log.apply({ type: 'sending', owner, sender: 'me' })
    expect(log.settle(1, '1-whatever').events).toEqual([{ type: 'acked', owner, sender: 'me' }])
  })

  test('of an outbox that is not there any more concerns nobody', () => {
    const log = finished(2)
    expect(log.settle(1, '1-job-1', { outbox: 'older' })).toEqual({ value: 'gone', events: [] })
    log.apply({ type: 'erased', owner })
    expect(log.settle(1, '1-job-1').value).toEqual('gone')
  })

  test('under an id that is not its own is a fork', () => {
    const log = finished(3)
    const fork = { value: 'fork', events: [] }
    expect(log.settle(2, '2-another')).toEqual(fork)
    expect(log.settle(4, '4-job-4')).toEqual(fork)
    log.settle(2, '2-job-2')
    expect(log.settle(2, '2-another')).toEqual(fork)
    log.setAside(3)
    expect(log.settle(3, '3-another')).toEqual(fork)
  })

  test('of a number that was sent as lost remembers what the server has there', () => {
    const log = finished(2)
    log.setAside(1)
    expect(log.settle(1, '1-lost').value).toEqual('settled')
    expect(log.state.outboxes.get(owner)).toMatchObject({ acked: 1, ackedId: '1-lost' })
  })

  test('of a number that was set aside although the server had taken it is no fork', () => {
    const log = finished(2)
    log.setAside(1)
    expect(log.settle(1, '1-job-1').value).toEqual('settled')
    expect(log.state.outboxes.get(owner)?.ackedId).toBe('1-job-1')
  })

  test('of a loss that covers what was settled before is remembered', () => {
    const log = finished(3)
    log.settle(2, '2-job-2')
    log.settle(2, '2-lost')
    expect(log.state.outboxes.get(owner)).toMatchObject({ acked: 2, ackedId: '2-lost' })
  })

  test('of very many is spread over entries', () => {
    const log = finished(5_002)
    log.setAside(5_000)
    log.take()
    expect(log.settle(5_002, '5002-job-5002').events[0]).toMatchObject({ ids: { length: 4_999 } })
    expect(log.state.outboxes.get(owner)).toMatchObject({ acked: 5_000, ackedId: '5000-lost', sender: 'me' })
    expect(log.settle(5_002, '5002-job-5002').events[0]).toMatchObject({ ids: { length: 2 } })
  })
})

describe('setting aside', () => {
  test('keeps the ack as rejected, and does it once', () => {
    const log = finished(2)
    expect(log.setAside(1)).toMatchObject({ events: [{ type: 'set-aside', id: 'job-1' }] })
    expect(log.setAside(1)).toEqual({ value: undefined, events: [] })
    expect(log.setAside(2, 'older')).toEqual({ value: undefined, events: [] })
    expect(listRejects(log.state, owner)).toMatchObject([{ id: 'job-1', sequence: 1, code: 'http-422' }])
    expect(countUnsent(log.state, owner)).toBe(1)
  })

  test('keeps the newest 1 000', () => {
    const log = finished(1_003)
    for (let sequence = 1; sequence <= 1_003; sequence++) log.setAside(sequence)
    const rejects = listRejects(log.state, owner)
    expect(rejects).toHaveLength(1_000)
    expect([rejects[0]?.id, rejects.at(-1)?.id]).toEqual(['job-4', 'job-1003'])
  })
})

test('a fork counts what is unsettled from 1, once, and keeps the rejects', () => {
  const log = finished(4)
  log.settle(1, '1-job-1')
  log.setAside(2)
  const fork = (outbox: string) =>
    log.decide((deciding) => decideFork(log.state, outbox, 'outbox-2', deciding)).events
  expect(fork('older')).toEqual([])
  expect(fork('outbox-1')).toHaveLength(1)
  expect(fork('outbox-1')).toEqual([])
  expect(log.state.outboxes.get(owner)).toMatchObject({ id: 'outbox-2', acked: 0, last: 2 })
  expect(log.settle(2, '2-job-4', { outbox: 'outbox-2' }).events).toMatchObject([{ ids: { length: 2 } }])
  expect(listRejects(log.state, owner)).toHaveLength(1)
})
