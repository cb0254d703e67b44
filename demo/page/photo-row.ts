import { make, makeButton, setAttribute, setHidden, setText } from './dom.ts'
import type { Row } from './keyed-list.ts'
import { makeAttempts, makeChip, makeThumb, type Shown, titleOf, type Verbs } from './shown.ts'
import { ackLine, count, percentOf, size, stateOf } from './words.ts'

/** A photo on its way, or there. */
export function makePhotoRow({ job }: Shown, verbs: Verbs): Row<Shown> {
  let current = job
  const thumb = makeThumb()
  const state = makeChip()
  const ack = makeChip()
  const attempts = makeAttempts()
  const title = make('h3')
  const facts = make('p', { class: 'facts-line' })
  const progress = make('progress', { max: '100' })
  const cancel = makeButton('Cancel', 'button quiet', () => verbs.cancel(current))
  const again = makeButton('Redrive', 'button quiet', () => verbs.redrive(current))
  const remove = makeButton('Remove', 'button quiet', () => verbs.remove(current))
  const body = make(
    'div',
    { class: 'row-body' },
    title,
    facts,
    progress,
    make('p', { class: 'chips' }, state.element, ack.element),
    attempts.element,
  )
  const actions = make('div', { class: 'actions' }, cancel, again, remove)

  function update(shown: Shown): void {
    current = shown.job
    const name = titleOf(shown)
    const { state: at } = current
    const isOver = at === 'completed' || at === 'cancelled'
    thumb.update(shown.details)
    state.update(stateOf(current, shown.around))
    ack.update(ackLine(current))
    attempts.update(current)
    setText(title, name)
    setText(facts, factsOf(shown))
    showProgress(progress, percentOf(current))
    setAttribute(progress, 'aria-label', `Progress of ${name}`)
    setHidden(progress, at !== 'running')
    setHidden(cancel, isOver)
    setHidden(again, at !== 'cancelled')
    setHidden(remove, !isOver)
    for (const button of [cancel, again, remove]) {
      setAttribute(button, 'aria-label', `${button.textContent} ${name}`)
    }
    cancel.disabled = current.cancelRequested
    setAttribute(element, 'data-state', at)
  }

  const element = make('li', { class: 'row' }, thumb.element, body, actions)
  return { element, update }
}

/** Without a value it shows that something goes on. */
function showProgress(element: HTMLProgressElement, percent: number | undefined): void {
  if (percent === undefined) element.removeAttribute('value')
  else element.value = percent
}

function factsOf({ job, details }: Shown): string {
  const parts: string[] = []
  if (details) parts.push(details.name, size(details.bytes))
  if (job.attempt > 1) parts.push(`attempt ${job.attempt}`)
  if (job.errors > 0) parts.push(count(job.errors, 'error'))
  return parts.join(' · ')
}
