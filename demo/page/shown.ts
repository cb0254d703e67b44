import type { JobView } from 'holdfast'
import { make, setAttribute, setHidden, setText } from './dom.ts'
import type { Details } from './details.ts'
import { type Circumstances, failureLine, timeOfDay, type Wording } from './words.ts'

/** One job as its row shows it. */
export interface Shown {
  readonly job: JobView
  readonly details: Details | undefined
  readonly around: Circumstances
}

/** What a row can do to its job. */
export interface Verbs {
  cancel(job: JobView): void
  remove(job: JobView): void
  redrive(job: JobView): void
  /** Saves the caption if it is another one, and redrives if that is wanted, too. */
  mend(job: JobView, caption: string, redrive: boolean): void
}

/** A thumbnail. */
export function makeThumb(): { readonly element: HTMLElement; update(details: Details | undefined): void } {
  const image = makePicture('')
  return {
    element: make('div', { class: 'thumb' }, image),
    update(details) {
      const picture = details?.picture
      if (picture !== undefined) setAttribute(image, 'src', picture)
    },
  }
}

/** An image that is there once it is loaded, and leaves its place empty if it cannot be. */
export function makePicture(alt: string): HTMLImageElement {
  // By CORS, so that the service worker can keep what comes from the server.
  const image = make('img', { alt, loading: 'lazy', decoding: 'async', crossorigin: 'anonymous' })
  const mark = (isLoaded: boolean): void => {
    image.classList.toggle('loaded', isLoaded)
  }
  image.addEventListener('load', () => mark(true))
  image.addEventListener('error', () => mark(false))
  return image
}

export function makeChip(): { readonly element: HTMLElement; update(wording: Wording | undefined): void } {
  const element = make('span', { class: 'chip' })
  return {
    element,
    update(wording) {
      setHidden(element, wording === undefined)
      if (wording === undefined) return
      setText(element, wording.text)
      setAttribute(element, 'class', `chip ${wording.tone}`)
    },
  }
}

/** Each attempt's failure, to be unfolded. */
export function makeAttempts(): { readonly element: HTMLElement; update(job: JobView): void } {
  const summary = make('summary')
  const body = make('tbody')
  const head = make(
    'tr',
    {},
    ...['Attempt', 'Time', 'What happened'].map((name) => make('th', { scope: 'col' }, name)),
  )
  const table = make('table', {}, make('thead', {}, head), body)
  const element = make('details', { class: 'attempts' }, summary, table)
  let drawn = 0
  return {
    element,
    update({ failures }) {
      setHidden(element, failures.length === 0)
      const newest = failures.at(-1)
      if (newest === undefined || newest.at === drawn) return
      drawn = newest.at
      setText(summary, failures.length === 1 ? 'The failed attempt' : `${failures.length} failed attempts`)
      body.replaceChildren(
        ...failures.map((failure) =>
          make(
            'tr',
            {},
            make('td', {}, String(failure.attempt)),
            make('td', {}, timeOfDay(failure.at)),
            make('td', {}, `${failureLine(failure)}${failure.charged ? '' : ' (not charged)'}`),
          ),
        ),
      )
    },
  }
}

/** The name by which a screen reader, and a button's label, call a job. */
export function titleOf({ details }: Shown): string {
  return details?.caption || details?.name || 'Photo'
}
