import { expect } from 'vitest'
import type { LogEvent } from '../../../src/machine/events.ts'
import { ackKey } from '../../../src/machine/fold-acks.ts'
import type { Job } from '../../../src/machine/job.ts'
import type { State } from '../../../src/machine/state.ts'
import { isFirst } from './model.ts'

export interface Step {
  readonly before: ReadonlyMap<string, Job>
  readonly state: State
  readonly events: readonly LogEvent[]
}

/** What must hold after every step, by the design's numbers. */
export function checkStep(step: Step): void {
  for (const job of step.state.jobs.values()) {
    checkCounters(step, job)
    checkCheckpoint(step, job)
  }
  checkLines(step)
  checkAcks(step)
}

/** 2 and 4: an epoch is one claim, and everything is counted exactly once. */
function checkCounters({ before, events }: Step, job: Job): void {
  const was = before.get(job.id) ?? {
    attempt: 0,
    epoch: 0,
    errors: 0,
    revision: 1,
    state: 'pending' as const,
  }
  const about = events.filter((event) => 'id' in event && event.id === job.id)
  const claims = events.filter((event) => event.type === 'claimed' && event.jobs.includes(job.id)).length
  const redriven = about.some((event) => event.type === 'redriven')
  const charged = about.filter((event) => 'error' in event && event.error?.charged === true).length
  expect(job.epoch).toBe(was.epoch + claims)
  expect(job.attempt).toBe(was.attempt + claims)
  expect(claims).toBeLessThanOrEqual(1)
  if (claims === 1) expect(was.state).toBe('pending')
  if (!redriven) expect(job.errors).toBe(was.errors + charged)
  const given = about.filter(
    (event) =>
      (event.type === 'released' && event.why === 'stopped') ||
      (event.type === 'reclaimed' && event.cause !== 'crash'),
  ).length
  expect(job.releases ?? 0).toBe((before.get(job.id)?.releases ?? 0) + given)
  expect(job.state === 'running').toBe(job.run !== undefined)
}

/** What holders kept of a payload is there for the next one, until it is done or there is another payload. */
function checkCheckpoint({ before, events }: Step, job: Job): void {
  const was = before.get(job.id)
  let expected = was?.checkpoint
  for (const event of events) {
    if (!('id' in event) || event.id !== job.id) continue
    if (event.type === 'checkpointed') expected = event.checkpoint
    if (event.type === 'completed' || event.type === 'revised') expected = undefined
  }
  expect(job.checkpoint).toBe(expected)
}

/** 3: what a claim took was first in its lines. */
function checkLines({ before, state, events }: Step): void {
  const dead = new Set(events.flatMap((event) => (event.type === 'dead' ? [event.id] : [])))
  const all = [...before.values()].map((job) => (dead.has(job.id) ? (state.jobs.get(job.id) ?? job) : job))
  for (const event of events) {
    if (event.type !== 'claimed') continue
    for (const id of event.jobs) {
      const job = before.get(id)
      expect(job !== undefined && isFirst(all, job)).toBe(true)
    }
  }
  const running = [...state.jobs.values()].filter((job) => job.state === 'running' && job.key !== undefined)
  expect(new Set(running.map((job) => `${job.owner} ${job.key}`)).size).toBe(running.length)
}

/** 5: every finish has the next number, and what has a number has not been lost. */
function checkAcks({ state, events }: Step): void {
  for (const outbox of state.outboxes.values()) {
    expect(outbox.acked).toBeLessThanOrEqual(outbox.last)
  }
  const finishes = events.filter(
    (event) => (event.type === 'completed' || event.type === 'dead') && event.outbox !== undefined,
  )
  for (const event of finishes) {
    const job = 'id' in event ? state.jobs.get(String(event.id)) : undefined
    const ack = job && state.acks.get(ackKey(job.owner, job.sequence ?? 0))
    expect(ack).toMatchObject({ id: job?.id, finish: job?.finish, sequence: job?.sequence })
  }
  const ours = finishes.flatMap((event) =>
    'id' in event ? (state.jobs.get(String(event.id))?.owner ?? []) : [],
  )
  for (const owner of new Set(ours)) {
    const last = state.outboxes.get(owner)?.last ?? 0
    const count = ours.filter((each) => each === owner).length
    for (let sequence = last - count + 1; sequence <= last; sequence++) {
      expect(state.acks.get(ackKey(owner, sequence))).toBeDefined()
    }
  }
  for (const job of state.jobs.values()) {
    if (job.ack === 'queued') expect(state.acks.get(ackKey(job.owner, job.sequence ?? 0))?.id).toBe(job.id)
  }
}
