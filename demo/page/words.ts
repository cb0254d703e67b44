import type { Failure, HoldView, JobView } from 'holdfast'

/** What a row says of a job's state, and how it looks. */
export interface Wording {
  readonly text: string
  readonly tone: 'plain' | 'active' | 'warn' | 'bad' | 'good'
}

/** What matters to a job's state beside the job. */
export interface Circumstances {
  readonly now: number
  readonly paused: boolean
  readonly online: boolean
  readonly hold: HoldView | undefined
}

export function stateOf(job: JobView, around: Circumstances): Wording {
  switch (job.state) {
    case 'running':
      return running(job)
    case 'pending':
      return waiting(job, around)
    case 'completed':
      return { text: 'Uploaded', tone: 'good' }
    case 'cancelled':
      return { text: 'Cancelled', tone: 'plain' }
    case 'dead':
      return { text: reasonOf(job), tone: 'bad' }
  }
}

function running(job: JobView): Wording {
  if (job.cancelRequested) return { text: 'Cancelling…', tone: 'plain' }
  const percent = percentOf(job)
  if (percent === undefined) return { text: 'Uploading…', tone: 'active' }
  const text = percent < 100 ? `Uploading, ${percent} %` : 'Waiting for the answer'
  return { text, tone: 'active' }
}

function waiting({ availableAt }: JobView, { now, paused, online, hold }: Circumstances): Wording {
  if (paused) return { text: 'Paused', tone: 'plain' }
  if (!online) return { text: 'Waits for the network', tone: 'warn' }
  if (hold) return { text: 'Held', tone: 'warn' }
  if (availableAt > now) return { text: `Next try in ${duration(availableAt - now)}`, tone: 'warn' }
  return { text: 'Waiting', tone: 'plain' }
}

/** How much of a running upload is sent; `undefined` where that is not told: a service worker cannot. */
export function percentOf({ progress }: JobView): number | undefined {
  return typeof progress === 'number' ? progress : undefined
}

function reasonOf({ reason, errors }: JobView): string {
  if (reason === 'fatal') return 'Refused for good'
  if (reason === 'errors') return `Given up after ${count(errors, 'error')}`
  return `Dead: ${reason ?? 'for no known reason'}`
}

export function failureLine({ status, message }: Failure): string {
  return status === undefined || message.includes(String(status)) ? message : `${status}: ${message}`
}

export function ackLine({ ack }: JobView): Wording | undefined {
  if (ack === 'acked') return { text: 'Acknowledged', tone: 'good' }
  if (ack === 'queued') return { text: 'Not acknowledged yet', tone: 'plain' }
  if (ack === 'rejected') return { text: 'Acknowledgement refused', tone: 'bad' }
  return undefined
}

export function holdLine({ cause, probeAt }: HoldView, now: number): string {
  const why = {
    unavailable: 'The server is not available',
    throttled: 'The server asked for time',
    'no-response': 'The server does not answer',
    unauthorized: 'The server asks who you are',
  }[cause]
  if (probeAt === undefined) return `${why}. Uploads are held until they are resumed.`
  const next =
    probeAt > now ? `One photo tries it again in ${duration(probeAt - now)}.` : 'One photo is trying it now.'
  return `${why}. Uploads are held; it counts against one of them, once. ${next}`
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

export function duration(ms: number): string {
  const seconds = ms / 1_000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3_600)} h`
}

export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

export function timeOfDay(at: number): string {
  return clock.format(at)
}
