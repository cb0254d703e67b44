import type { HoldView, QueueInfo } from 'holdfast'
import { find, make, makeButton, setAttribute, setHidden, setText } from './dom.ts'
import type { Model } from './model.ts'
import type { PageVerbs } from './verbs.ts'
import { count, duration, holdLine } from './words.ts'

/** Draws what concerns the queue as a whole: the banner, the counters, the facts at the bottom. */
export function createStatus(verbs: PageVerbs): (model: Model) => void {
  const banner = drawBanner(verbs)
  const counters = drawCounters()
  const pause = find('pause', HTMLButtonElement)
  const facts = find('facts', HTMLElement)
  const release = document.querySelector('meta[name="release"]')?.getAttribute('content') ?? ''
  let paused = false
  pause.addEventListener('click', () => verbs.togglePause(paused))
  return (model) => {
    paused = model.info.paused
    setText(pause, paused ? 'Resume' : 'Pause')
    setAttribute(pause, 'aria-pressed', String(paused))
    banner(model)
    counters(model)
    setText(facts, factsOf(model.info, release))
    setTitle(model.info)
  }
}

export function holdOf({ holds }: QueueInfo): HoldView | undefined {
  return holds.find(({ kind }) => kind === 'upload')
}

function drawBanner(verbs: PageVerbs): (model: Model) => void {
  const banner = find('banner', HTMLElement)
  // Only the reason is announced: a countdown read out loud would never end.
  const reason = make('span')
  const countdown = make('span', { 'aria-live': 'off' })
  const retry = makeButton('Try now', 'button', () => verbs.resume())
  banner.append(make('p', {}, reason, ' ', countdown), retry)
  return ({ info, now, online }) => {
    const hold = holdOf(info)
    const [text = '', ...rest] = sentences(info.paused, online, hold, now)
    setHidden(banner, text === '')
    setText(reason, text)
    setText(countdown, rest.join(' '))
    setHidden(retry, !online || info.paused || hold === undefined)
  }
}

function sentences(paused: boolean, online: boolean, hold: HoldView | undefined, now: number): string[] {
  if (!online) return ['You are offline.', 'Photos are kept here, and go up once the network is back.']
  if (paused) return ['Uploads are paused,', 'in every tab, until you resume them.']
  if (!hold) return []
  return holdLine(hold, now).split(/(?<=\.) /)
}

function drawCounters(): (model: Model) => void {
  const names = ['Waiting', 'Retrying', 'Uploading', 'Done', 'Dead', 'To ack']
  const values = names.map((name) => {
    const value = make('dd', {}, '0')
    find('counters', HTMLElement).append(make('div', {}, make('dt', {}, name), value))
    return value
  })
  return ({ info: { counts, sync } }) => {
    const { pending, scheduled, running, completed, dead } = counts
    const numbers = [pending - scheduled, scheduled, running, completed, dead, sync?.unsent ?? 0]
    values.forEach((value, index) => {
      setText(value, String(numbers[index] ?? 0))
      value.classList.toggle('none', numbers[index] === 0)
    })
  }
}

/** So that a tab tells from behind another one what still waits in it. */
function setTitle({ counts: { pending, running } }: QueueInfo): void {
  const left = pending + running
  const title = `${left > 0 ? `(${left}) ` : ''}Photos · Holdfast`
  if (document.title !== title) document.title = title
}

function factsOf({ oldestPendingAgeMs, worker, sync }: QueueInfo, release: string): string {
  const oldest =
    oldestPendingAgeMs === null ? 'Nothing is due' : `Oldest due photo waits ${duration(oldestPendingAgeMs)}`
  const slots = `${worker.running} of ${count(worker.concurrency, 'slot')} busy in this tab`
  const acks = sync === undefined ? [] : [`acknowledgements: ${sync.state}`]
  return [oldest, slots, ...acks, `release ${release}`].join(' · ')
}
