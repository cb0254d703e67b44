import type { Servers } from '../server/start.ts'
import type { TourQueue } from './queue.ts'
import type { Tally } from './tally.ts'
import { readTruth, sha256, type Truth } from './truth.ts'

/** One line of the table: what was found, and what should have been. */
export interface Check {
  readonly label: string
  readonly found: string | number
  readonly expected: string | number
}

export function holds({ found, expected }: Check): boolean {
  return found === expected
}

/** What the checks compare. */
export interface Evidence {
  readonly queue: TourQueue
  readonly servers: Servers
  readonly principal: string
  /** In the order of enqueueing. */
  readonly jobs: readonly { readonly id: string; readonly bytes: Uint8Array }[]
  /** Which of them the API refuses. */
  readonly refused: number
  /** How many photos the API refused at their first request. */
  readonly failedFirst: number
  readonly tally: Readonly<Tally>
}

/** Compares what the queue says, and what lies on the server's disk, with what was enqueued. */
export async function checkAll(evidence: Evidence): Promise<Check[]> {
  const truth = await readTruth(evidence.servers, evidence.principal)
  return [...(await queueChecks(evidence)), ...diskChecks(evidence, truth), ...ackChecks(evidence, truth)]
}

async function queueChecks({ queue, jobs, refused, failedFirst, tally }: Evidence): Promise<Check[]> {
  const { counts } = await queue.info()
  const { jobs: dead } = await queue.deadLetters()
  const views = await Promise.all(jobs.map(({ id }) => queue.get(id)))
  const errors = views.reduce((sum, view) => sum + (view?.errors ?? 0), 0)
  const refusedId = jobs[refused]?.id
  return [
    { label: 'jobs completed', found: counts.completed, expected: jobs.length - 1 },
    { label: 'jobs waiting or running', found: counts.pending + counts.running, expected: 0 },
    { label: 'dead letters', found: counts.dead, expected: 1 },
    { label: '… it is the refused one', found: yesNo(dead[0]?.id === refusedId), expected: 'yes' },
    { label: '… with status', found: dead[0]?.failures.at(-1)?.status ?? 'none', expected: 422 },
    {
      label: 'failed at first, then went through',
      found: failedFirst,
      expected: Math.floor((jobs.length - 1) / 3),
    },
    { label: 'holds while the API was down', found: tally.holds, expected: 1 },
    {
      label: 'errors charged: failed + refused + hold',
      found: errors,
      expected: failedFirst + 1 + tally.holds,
    },
  ]
}

function diskChecks({ jobs, refused }: Evidence, truth: Truth): Check[] {
  const { files, photoRows, thumbnails, notifications } = truth
  const kept = jobs.filter((_, index) => index !== refused)
  // Nothing was edited, so every key ends in the payload's first revision.
  const keys = new Map([...files].map(([key, hash]) => [key.replace(/-\d+$/, ''), hash]))
  const same = kept.filter(({ id, bytes }) => keys.get(id) === sha256(bytes)).length
  return [
    { label: "files on the server's disk", found: files.size, expected: kept.length },
    { label: '… byte for byte what was enqueued', found: same, expected: kept.length },
    { label: 'photos in SQLite', found: photoRows, expected: kept.length },
    { label: 'thumbnails made by the Worker', found: thumbnails, expected: kept.length },
    { label: 'photos that it told of', found: notifications, expected: kept.length },
  ]
}

function ackChecks({ jobs, refused, tally }: Evidence, { acks, gapFree, mark }: Truth): Check[] {
  const ids = new Set(acks.map(({ subject }) => subject))
  const dead = acks.filter(({ type }) => type === 'dead')
  return [
    { label: 'acknowledgements in SQLite', found: acks.length, expected: jobs.length },
    {
      label: '… one for each job',
      found: jobs.filter(({ id }) => ids.has(id)).length,
      expected: jobs.length,
    },
    { label: '… numbered without a gap', found: yesNo(gapFree && mark === jobs.length), expected: 'yes' },
    {
      label: '… of a dead letter',
      found: dead.filter(({ subject }) => subject === jobs[refused]?.id).length,
      expected: 1,
    },
    { label: 'acknowledged, says the queue', found: tally.acked, expected: jobs.length },
  ]
}

function yesNo(is: boolean): string {
  return is ? 'yes' : 'no'
}
