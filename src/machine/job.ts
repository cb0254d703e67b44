/** Where a job stands. `pending` is also *scheduled* while its `availableAt` lies ahead. */
export type JobState = 'pending' | 'running' | 'completed' | 'dead' | 'cancelled'

/**
 * Why a job is in the dead letters.
 *
 * - `fatal`: a handler threw a `FatalError`, or the server's answer was final.
 * - `errors`: it failed `retry.maxAttempts` times.
 * - `poison`: its holders vanished more than `maxCrashes` times.
 * - `expired`: `expiresInMs` ran out while it was pending.
 * - `overflow`: the backlog was full, and `overflow` is `drop-oldest`.
 * - `maybe-ran`: delivery is at most once, and its only attempt did not complete.
 * - `payload-invalid`, `migration-failed`: the stored payload no longer fits its task.
 */
export type DeadReason =
  | 'fatal'
  | 'errors'
  | 'poison'
  | 'expired'
  | 'overflow'
  | 'maybe-ran'
  | 'payload-invalid'
  | 'migration-failed'

/** The server's side of a finish: not wanted, waiting to be sent, acknowledged, or refused by the server. */
export type AckState = 'none' | 'queued' | 'acked' | 'rejected'

/** One attempt's failure, bounded: what a dead letter shows. */
export interface Failure {
  /** When it was recorded (epoch milliseconds). */
  readonly at: number
  readonly attempt: number
  readonly name: string
  /** At most {@link maxMessageLength} characters. */
  readonly message: string
  /** The HTTP status, where the error carries one. */
  readonly status?: number | undefined
  /** Whether it counts against `maxAttempts`. A hold's probes do not. */
  readonly charged: boolean
}

/** The longest message a {@link Failure} keeps. */
export const maxMessageLength = 500

/** How many failures a job keeps: the newest; more than the default retry policy charges. */
export const maxFailures = 50

/** A holder's side of a claim, shared by all jobs claimed together. */
export interface Run {
  readonly worker: string
  /** Whether the holder has a Web Lock named for the worker. */
  readonly lock: boolean
  /** How long an observer hears nothing before the lease is lost (milliseconds). */
  readonly leaseMs: number
  /** The host stops such holders at will (service worker, Durable Object): losing one is no crash. */
  readonly interruptible: boolean
}

/** In which states of an earlier job a dedupe key counts as taken. */
export interface Dedupe {
  readonly key: string
  /** States; mutually exclusive with a duration. */
  readonly while: readonly JobState[]
  /** Counts from the enqueue for this long, whatever becomes of the job. */
  readonly ms?: number | undefined
}

/** A job as the log tells it. Rows are immutable: every event that changes one makes a new one. */
export interface Job {
  readonly id: string
  /** The how-manieth enqueue of the log: the checkpoint page, and the order of lists. */
  readonly ordinal: number
  /** The place in line: the ordinal, until a redrive sends it to the tail. */
  readonly order: number
  readonly owner: string
  readonly kind: string
  readonly state: JobState
  readonly enqueuedAt: number
  /** `availableAt − waitMs` is when the wait began. */
  readonly availableAt: number
  readonly waitMs: number
  readonly attempt: number
  readonly epoch: number
  readonly errors: number
  readonly priority?: number | undefined
  /** JSON text of a small payload. */
  readonly payload?: string | undefined
  /** Bytes (an estimate) of a payload kept beside the log. */
  readonly beside?: number | undefined
  /** The task's version that the payload was written by. */
  readonly version?: number | undefined
  readonly revision: number
  readonly key?: string | undefined
  readonly dedupe?: Dedupe | undefined
  readonly expiresInMs?: number | undefined
  /** Delivery is at most once. */
  readonly once?: boolean | undefined
  readonly crashes?: number | undefined
  readonly releases?: number | undefined
  /** Releases and interruptions since it last made progress. */
  readonly fruitless?: number | undefined
  readonly run?: Run | undefined
  readonly startedAt?: number | undefined
  readonly cancelRequested?: boolean | undefined
  /** JSON text of the last progress value. */
  readonly progress?: string | undefined
  /** The highest numeric progress of any attempt. */
  readonly best?: number | undefined
  /** JSON text of what its holders kept of the work with this payload. */
  readonly checkpoint?: string | undefined
  /** How often it probed which hold. */
  readonly probed?: { readonly hold: number; readonly times: number } | undefined
  readonly failures?: readonly Failure[] | undefined
  readonly reason?: DeadReason | undefined
  /** Dead, it keeps its place in its key's line: as its death says, else as its enqueue said. */
  readonly blocks?: boolean | undefined
  readonly finishedAt?: number | undefined
  /** JSON text. */
  readonly result?: string | undefined
  /** How often it finished (completed or dead). */
  readonly finish?: number | undefined
  readonly ack?: AckState | undefined
  readonly sequence?: number | undefined
}

/** Whether a job stands in any line. */
export function isInLine({ key, dedupe }: Job): boolean {
  return key !== undefined || dedupe !== undefined
}

/**
 * The lines a job stands in: that of its key, and that of its dedupe key, so that a follower made by `replace`,
 * `debounce` or `queue-one` never overtakes the running job it follows, whatever their keys.
 */
export function linesOf(job: Job): string[] {
  const lines: string[] = []
  if (job.key !== undefined) lines.push(keyLine(job))
  if (job.dedupe !== undefined) lines.push(`${job.owner}\0dedupe\0${job.kind}\0${job.dedupe.key}`)
  return lines
}

/** Whether a job keeps its place in one of its lines: what has it, keeps those behind it waiting. */
export function keepsPlace(job: Job, line: string): boolean {
  if (job.state === 'dead') return job.blocks === true && line === keyLine(job)
  return job.state === 'pending' || job.state === 'running'
}

function keyLine(job: Job): string {
  return `${job.owner}\0key\0${job.key}`
}

/** Jobs of one owner and kind are claimed, held and counted together. */
export function laneOf(job: { readonly owner: string; readonly kind: string }): string {
  return `${job.owner}\0${job.kind}`
}

/** Where a dedupe key is looked up. */
export function slotOf(owner: string, kind: string, dedupeKey: string): string {
  return `${owner}\0${kind}\0${dedupeKey}`
}

/** Whether a job takes its dedupe slot by its state. */
export function takesSlot({ dedupe, state }: Job): boolean {
  return dedupe !== undefined && dedupe.ms === undefined && dedupe.while.includes(state)
}
