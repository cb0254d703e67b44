import type { LogEvent, Reclaimed } from '../../machine/events.ts'
import type { DeadReason } from '../../machine/job.ts'
import type { QueueEventName } from '../../queue/events.ts'
import type { Category, Counts } from './census.ts'
import { networkFaults, storeFaults, worldFaults } from './profile.ts'

/** What many schedules together must have met: `false` marks what no schedule can bring about. */
type Wanted<Name extends string> = Readonly<Record<Name, boolean>>

const logEvents: Wanted<LogEvent['type']> = {
  enqueued: true,
  revised: true,
  claimed: true,
  renewed: true,
  progressed: true,
  checkpointed: true,
  completed: true,
  retried: true,
  released: true,
  dead: true,
  cancelled: true,
  'cancel-requested': true,
  reclaimed: true,
  redriven: true,
  removed: true,
  held: true,
  resumed: true,
  paused: true,
  sending: true,
  acked: true,
  'set-aside': true,
  forked: true,
  erased: true,
}

const deadReasons: Wanted<DeadReason> = {
  fatal: true,
  errors: true,
  poison: true,
  expired: true,
  overflow: true,
  'maybe-ran': true,
  'payload-invalid': true,
  // All contexts are of one program, and so of one version.
  'migration-failed': false,
}

const causes: Wanted<Reclaimed['cause']> = { crash: true, bye: true, interrupted: true }

const events: Wanted<QueueEventName> = {
  enqueued: true,
  started: true,
  progress: true,
  completed: true,
  retrying: true,
  dead: true,
  cancelled: true,
  released: true,
  reclaimed: true,
  starved: true,
  held: true,
  resumed: true,
  acked: true,
  'ack-rejected': true,
  idle: true,
  // For hosts, which the simulated contexts have none of.
  due: false,
  // Counted by its states.
  store: false,
  warning: true,
}

const storeStates = [
  'opened',
  'stalled',
  'recovered',
  'reloaded',
  'replaced',
  'quota',
  'failing',
  'closed',
  'lost',
  'down',
]

/** Faults that follow from others, or from what callers do. */
const moreFaults = [
  'refused',
  'sequence used up',
  'quota',
  'truncated',
  'deadly job',
  'leave',
  'owner erased',
  'receiver fails',
  'too late',
]

/** Each of the store's calls that a context waits for can be its last. */
const calls = ['load', 'read', 'commit', 'payload', 'checkpoint']

const outcomes = ['created', 'duplicate', 'replaced', 'debounced', 'queued']

/** What of all that can go wrong, be logged or be told never was: the schedules are too few, or a fault is lost. */
export function missingFrom(counts: Counts): string[] {
  const wanted: readonly (readonly [Category, readonly string[]])[] = [
    ['fault', [storeFaults, networkFaults, worldFaults].flatMap((faults) => Object.keys(faults))],
    ['fault', moreFaults],
    ['crash', calls.flatMap((call) => [`before ${call}`, `after ${call}`])],
    ['log', wantedOf(logEvents)],
    ['dead', wantedOf(deadReasons)],
    ['reclaimed', wantedOf(causes)],
    ['event', [...wantedOf(events), ...storeStates.map((state) => `store ${state}`)]],
    ['outcome', outcomes],
  ]
  return wanted.flatMap(([category, names]) =>
    names.map((name) => `${category}: ${name}`).filter((name) => counts[name] === undefined),
  )
}

function wantedOf(names: Wanted<string>): string[] {
  return Object.keys(names).filter((name) => names[name])
}
