import { make, makeButton, setAttribute, setText } from './dom.ts'
import type { Row } from './keyed-list.ts'
import { makeAttempts, makeChip, makeThumb, type Shown, titleOf, type Verbs } from './shown.ts'
import { failureLine, size, stateOf } from './words.ts'

/** A dead letter: why it died, and what can be done about it. */
export function makeDeadRow({ job }: Shown, verbs: Verbs): Row<Shown> {
  let current = job
  let saved: string | undefined
  const thumb = makeThumb()
  const state = makeChip()
  const attempts = makeAttempts()
  const title = make('h3')
  const facts = make('p', { class: 'facts-line' })
  const error = make('p', { class: 'error', id: `error-${job.id}` })
  const caption = make('input', {
    type: 'text',
    maxlength: '200',
    autocomplete: 'off',
    'aria-describedby': error.id,
  })
  const field = make('label', { class: 'field' }, make('span', {}, 'Caption'), caption)
  const save = makeButton('Save', 'button', () => verbs.mend(current, caption.value, false))
  const redrive = make('button', { type: 'submit', class: 'button primary' }, 'Redrive')
  const remove = makeButton('Remove', 'button quiet', () => verbs.remove(current))
  const form = make('form', { class: 'mend' }, field, redrive, save, remove)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    verbs.mend(current, caption.value, true)
  })
  caption.addEventListener('input', () => {
    save.disabled = caption.value === saved
  })

  function update(shown: Shown): void {
    current = shown.job
    const { details } = shown
    const name = titleOf(shown)
    thumb.update(details)
    state.update(stateOf(current, shown.around))
    attempts.update(current)
    setText(title, name)
    setText(facts, details ? `${details.name} · ${size(details.bytes)}` : '')
    const last = current.failures.at(-1)
    setText(error, last ? failureLine(last) : '')
    // What is being typed stays; what another tab saved is shown.
    if (details && details.caption !== saved) {
      saved = details.caption
      caption.value = details.caption
    }
    save.disabled = caption.value === saved
    setAttribute(caption, 'aria-label', `Caption of ${name}`)
    for (const button of [redrive, save, remove]) {
      setAttribute(button, 'aria-label', `${button.textContent} ${name}`)
    }
  }

  const body = make(
    'div',
    { class: 'row-body' },
    title,
    facts,
    make('p', { class: 'chips' }, state.element),
    error,
    form,
    attempts.element,
  )
  const element = make('li', { class: 'row' }, thumb.element, body)
  return { element, update }
}
