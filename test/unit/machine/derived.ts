import type { Now } from '../../../src/machine/events.ts'
import { type Job, laneOf, linesOf } from '../../../src/machine/job.ts'
import type { Pile } from '../../../src/machine/pile.ts'
import type { Shelves } from '../../../src/machine/ready.ts'
import { pagesBehind } from '../../../src/machine/shelf.ts'
import type { State } from '../../../src/machine/state.ts'

type Shown = Record<string, unknown>

/** The names that tests give to workers and senders. */
const everybody = ['a', 'b', 'c', 'me', 'nobody', 'other', 's', 'v', 'w', 'x'] as const

/** The owners that tests have. */
const everyOwner = ['', 'me', 'you']

/** The tables' rows, in an order of their own, as they are on disk. */
export function tablesOf(state: State): Shown {
  const tables = state.tables.map((table) => {
    const rows = table.pageNumbers().flatMap((number) => table.page(number))
    return [table.name, sorted(rows)] as const
  })
  return Object.fromEntries(tables)
}

/** What is derived from the rows, as far as a state loaded from them has it, too. */
export function indexesOf(state: State, now: Now): Shown {
  const { index } = state
  const { ready } = index
  ready.wake(now)
  index.holds.takeOver(now)
  const jobs = [...state.jobs.values()]
  const owners = [...new Set(jobs.map((job) => job.owner))].sort()
  // Those that have no job any more, too: nothing is to be left of their counts.
  const lanes = [...new Set([...owners, ...everyOwner])]
    .flatMap((owner) => [...ready.lanes(owner)])
    .filter((lane) => Object.values(lane.counts).some((count) => count > 0))
  return {
    counts: sorted(lanes.map((lane) => [laneOf(lane), lane.counts])),
    failing: sorted(lanes.map((lane) => [laneOf(lane), lane.failing])),
    waiting: sorted(lanes.map((lane) => [laneOf(lane), lane.waits.size])),
    ready: sorted(lanes.map((lane) => [laneOf(lane), readyIds(state, lane.ready.items())])),
    best: sorted(lanes.map((lane) => [laneOf(lane), ready.peek(lane)?.id])),
    heads: sorted(jobs.flatMap((job) => linesOf(job).map((line) => [line, ready.head(line)?.id] as const))),
    held: sets(index.held),
    unseen: [...index.held.keys()].filter((worker) => !index.seen.has(worker)),
    takers: sets(index.takers),
    retired: owners.map((owner) => pileOf(index.retired(owner))),
    dead: owners.map((owner) => pileOf(index.dead(owner))),
    shelves: sorted(lanes.map((lane) => [laneOf(lane), shelvesOf(ready.shelves(lane))])),
    running: index.running,
    runningByKind: sorted([...index.runningByKind].filter(([, count]) => count > 0)),
    holds: [...state.holds.entries()].map(([key]) => [key, index.holds.has(key)]).sort(),
    slots: [...state.slots.entries()].map(([key]) => [key, index.slots.has(key)]).sort(),
    expiries: jobs
      .filter((job) => index.expiries(job.owner).has(job.id))
      .map(({ id }) => id)
      .sort(),
    oldest: owners.map((owner) => index.oldest(owner)?.id),
  }
}

/** Everything, to the millisecond: what undoing must bring back. */
export function exactly(state: State, now: Now): Shown {
  const { index } = state
  const left = (key: string, until: number): readonly [string, number] => [key, until]
  return {
    seq: state.seq,
    changed: state.tables.map((table) => table.changedSince(0).sort()),
    tables: tablesOf(state),
    indexes: indexesOf(state, now),
    seen: everybody.map((name) => index.seen.get(name)),
    waits: sorted([...state.jobs.values()].map((job) => left(job.id, index.ready.untilOver(job, now)))),
    expiries: sorted(
      [...state.jobs.values()].map((job) => left(job.id, index.expiries(job.owner).untilOver(job.id, now))),
    ),
    holds: sorted([...state.holds.entries()].map(([key]) => left(key, index.holds.untilOver(key, now)))),
    slots: sorted([...state.slots.entries()].map(([key]) => left(key, index.slots.untilOver(key, now)))),
  }
}

function pileOf(pile: Pile): unknown {
  return {
    bytes: pile.bytes,
    size: pile.size,
    finished: [...pile.byFinish()].map(({ finishedAt }) => finishedAt),
    ids: [...pile.byFinish()].map(({ id }) => id).sort(),
  }
}

function shelvesOf(shelves: Shelves): unknown {
  return Object.entries(shelves).map(([state, shelf]) => [
    state,
    [...pagesBehind([shelf], 0)].map((ids) => ids.sort()),
  ])
}

function readyIds(state: State, items: readonly Job[]): string[] {
  const { ready } = state.index
  return items
    .filter((job) => ready.isReady(job))
    .sort((a, b) => (ready.before(a, b) ? -1 : 1))
    .map(({ id }) => id)
}

function sets(map: ReadonlyMap<string, ReadonlySet<string>>): Shown {
  return sorted([...map].map(([key, set]) => [key, [...set].sort()]))
}

function sorted(entries: (readonly [string, unknown])[]): Shown {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}
