import { openQueue, visitor } from '../queue.ts'
import { startApplication } from './application.ts'
import { createDetails } from './details.ts'
import { makeDeadRow } from './dead-row.ts'
import { find, setHidden, setText } from './dom.ts'
import { listenForPhotos } from './intake.ts'
import { keyedList } from './keyed-list.ts'
import { type Model, watch } from './model.ts'
import { makePhotoRow } from './photo-row.ts'
import { watchServer } from './server-panel.ts'
import type { Shown, Verbs } from './shown.ts'
import { createStatus, holdOf } from './status.ts'
import { createVerbs, type Voice } from './verbs.ts'

const apiUrl = document.querySelector('meta[name="api"]')?.getAttribute('content') ?? ''
const queue = openQueue(apiUrl)
const voice = createVoice()
const verbs = createVerbs(queue, voice)
const status = createStatus(verbs)
const details = createDetails(queue, apiUrl, () => changes.refresh(), voice.fault)
// The last letter that goes takes its section along: what becomes of it is shown under Uploads.
const dead = listOf('dead', 'uploads', makeDeadRow)
const living = listOf('jobs', 'uploads', makePhotoRow)
const clear = find('clear', HTMLButtonElement)
let finished: Model['jobs'] = []

const changes = watch(queue, draw, voice.fault)
const application = startApplication(queue, voice, () => changes.refresh())
const askServer = watchServer({ apiUrl, principal: visitor, voice, isBack: tryAgain })
listenForPhotos(verbs, voice)
find('redrive-all', HTMLButtonElement).addEventListener('click', () => verbs.redriveAll())
clear.addEventListener('click', () => verbs.clear(finished))
queue.on('acked', askServer)
queue.on('completed', askServer)
queue.on('dead', ({ failure }) =>
  voice.say(`A photo is in the dead letters: ${failure?.message ?? 'see there'}`),
)
queue.on('idle', () => voice.say('Nothing is left to upload'))
queue.on('warning', ({ message, cause }) => console.warn(message, cause))

function draw(model: Model): void {
  const { jobs, info, now, online } = model
  const around = { now, online, paused: info.paused, hold: holdOf(info) }
  const shown = jobs.map((job): Shown => ({ job, details: details.of(job), around }))
  details.keepOnly(jobs)
  status(model)
  application(model)
  const letters = shown.filter(({ job }) => job.state === 'dead')
  dead(letters)
  setHidden(find('dead-section', HTMLElement), letters.length === 0)
  living(shown.filter(({ job }) => job.state !== 'dead'))
  setHidden(find('no-jobs', HTMLElement), jobs.length > 0)
  finished = jobs.filter(({ state }) => state === 'completed' || state === 'cancelled')
  setHidden(clear, finished.length === 0)
}

/** The server answers: what is held because it did not need not wait for its next turn. */
function tryAgain(): void {
  queue
    .info()
    .then((info) => {
      if (holdOf(info)?.cause === 'no-response') verbs.resume()
    })
    .catch(voice.fault)
}

function listOf(
  id: string,
  headingId: string,
  makeRow: (shown: Shown, verbs: Verbs) => ReturnType<typeof makePhotoRow>,
): (items: readonly Shown[]) => void {
  return keyedList<Shown>({
    parent: find(id, HTMLUListElement),
    heading: find(headingId, HTMLElement),
    keyOf: ({ job }) => job.id,
    make: (shown) => makeRow(shown, verbs),
  })
}

function createVoice(): Voice {
  const fault = find('fault', HTMLElement)
  const announcer = find('announcer', HTMLElement)
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    say: (text) => setText(announcer, text),
    fault(error) {
      console.error(error)
      setText(fault, error instanceof Error ? error.message : String(error))
      setHidden(fault, false)
      clearTimeout(timer)
      timer = setTimeout(() => setHidden(fault, true), 8_000)
    },
  }
}
