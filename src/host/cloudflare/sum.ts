import type { QueueInfo } from '../../queue/types.ts'

/** What several queues have together. */
export interface InfoSum extends Pick<QueueInfo, 'counts' | 'kinds' | 'oldestPendingAgeMs'> {
  /** Acknowledgements that the server has not settled. */
  readonly unsent: number
  /** Attempts under way. */
  readonly running: number
  /** How many of the queues are paused. */
  readonly paused: number
  /** All kinds that are held, once for each queue that holds them. */
  readonly holds: QueueInfo['holds']
}

/** What is used of each `info()`: it may come out of another object, as JSON. */
export type SummableInfo = Pick<QueueInfo, 'counts' | 'kinds' | 'oldestPendingAgeMs' | 'paused' | 'holds'> & {
  readonly worker: Pick<QueueInfo['worker'], 'running'>
  readonly sync?: { readonly unsent: number } | undefined
}

/** Adds up what the `info()` of several queues say, such as those of all shards. */
export function sumInfo(infos: readonly SummableInfo[]): InfoSum {
  const kinds: Record<string, Counts> = {}
  for (const info of infos) {
    for (const [kind, counts] of Object.entries(info.kinds)) kinds[kind] = plus(kinds[kind] ?? none, counts)
  }
  const ages = infos.map((info) => info.oldestPendingAgeMs).filter((age) => age !== null)
  return {
    counts: infos.map((info) => info.counts).reduce(plus, none),
    kinds,
    oldestPendingAgeMs: ages.length === 0 ? null : Math.max(...ages),
    unsent: infos.reduce((sum, { sync }) => sum + (sync?.unsent ?? 0), 0),
    running: infos.reduce((sum, { worker }) => sum + worker.running, 0),
    paused: infos.filter(({ paused }) => paused).length,
    holds: infos.flatMap(({ holds }) => holds),
  }
}

type Counts = QueueInfo['counts']

const none: Counts = { pending: 0, scheduled: 0, running: 0, completed: 0, dead: 0, cancelled: 0 }

function plus(one: Counts, other: Counts): Counts {
  const sum: Record<keyof Counts, number> = { ...one }
  for (const state of Object.keys(sum) as (keyof Counts)[]) sum[state] += other[state]
  return sum
}
