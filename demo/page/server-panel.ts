import { find, make, setAttribute, setHidden, setText } from './dom.ts'
import { keyedList, type Row } from './keyed-list.ts'
import { fetchState, type ServerState, type Switches, turnSwitches } from './server-api.ts'
import { makePicture } from './shown.ts'
import { createSwitches } from './switches.ts'
import type { Voice } from './verbs.ts'
import { count, size, timeOfDay } from './words.ts'

type Ack = ServerState['acks']['newest'][number]

/** A stored photo, and what the edge made of it. */
interface Stored extends StoredPhoto {
  readonly hasThumbnail: boolean
  readonly isNotified: boolean
}

type StoredPhoto = ServerState['photos']['newest'][number]

/** What tabs tell each other: what the server said, if it did, or how its switches were turned. */
interface News {
  readonly state?: ServerState
  readonly turned?: Switches
}

/** How often the server is asked what it has (milliseconds), while somebody looks; and if it did not answer. */
const pollMs = 1_000
const silentMs = 3_000

/** Whose side is shown, and who is told what. */
export interface ServerPanelOptions {
  readonly apiUrl: string
  readonly principal: string
  readonly voice: Voice
  /** It answers again. */
  readonly isBack: () => void
}

/** Shows the server's side beside the device's, as the server tells it. Returns what asks it now. */
export function watchServer({ apiUrl, principal, voice, isBack }: ServerPanelOptions): () => void {
  const switches = createSwitches((changed) => {
    turnSwitches(apiUrl, changed).then((turned) => {
      tabs.postMessage({ turned } satisfies News)
      poll()
    }, failToTurn)
  })
  const drawAcks = ackPanel()
  const drawStored = storedPanel(apiUrl, principal)
  const chip = find('server-state', HTMLElement)
  // What one tab is told, the others show as well: one that is hidden asks nothing itself. This script is named for its
  // content, so that the tabs that hear each other share their types.
  const tabs = new BroadcastChannel(import.meta.url)
  const empties = ['no-acks', 'no-stored'].map((id) => {
    const element = find(id, HTMLElement)
    return { element, text: element.textContent ?? '' }
  })
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false
  let isNews = false
  let isReached = true

  async function ask(): Promise<void> {
    isAsking = true
    isNews = false
    const state = await fetchState(apiUrl, principal, AbortSignal.timeout(5_000)).catch((error: unknown) => {
      console.debug('The server tells nothing', error)
      return undefined
    })
    tell(state ? { state } : {})
    isAsking = false
    if (state && isNews) poll()
    else timer = setTimeout(poll, state ? pollMs : silentMs)
  }

  function tell(news: News): void {
    draw(news)
    tabs.postMessage(news)
  }

  function draw({ state: told, turned }: News): void {
    if (turned) switches.turned(turned)
    else drawState(told)
  }

  function drawState(told: ServerState | undefined): void {
    switches.enable(told !== undefined)
    // What it told before is still shown; but that there is nothing, nobody knows.
    for (const each of empties) setText(each.element, told ? each.text : 'Shown once the server answers.')
    if (told && !isReached) isBack()
    isReached = told !== undefined
    if (told === undefined) {
      show('Out of reach', 'bad')
      return
    }
    switches.show(told.switches)
    drawAcks(told)
    drawStored(told)
    const { down, failureRate } = told.switches
    show(
      down ? 'Down' : failureRate > 0 ? 'Unsteady' : 'Up',
      down ? 'bad' : failureRate > 0 ? 'warn' : 'good',
    )
  }

  function failToTurn(error: unknown): void {
    switches.forget()
    voice.fault(error)
  }

  function show(text: string, tone: string): void {
    setText(chip, text)
    setAttribute(chip, 'class', `chip ${tone}`)
  }

  function poll(): void {
    isNews = true
    if (isAsking || document.visibilityState === 'hidden') return
    clearTimeout(timer)
    void ask()
  }

  tabs.addEventListener('message', ({ data }: MessageEvent<News>) => draw(data))
  document.addEventListener('visibilitychange', poll)
  for (const type of ['online', 'offline', 'pageshow']) addEventListener(type, poll)
  poll()
  return poll
}

function ackPanel(): (told: ServerState) => void {
  const chip = find('acks-state', HTMLElement)
  const list = keyedList<Ack & { readonly name: string }>({
    parent: find('acks', HTMLElement),
    heading: find('acks-title', HTMLElement),
    keyOf: ({ source, sequence }) => `${source} ${sequence}`,
    make: makeAckRow,
  })
  return ({ acks, photos }) => {
    setHidden(find('no-acks', HTMLElement), acks.count > 0)
    setHidden(chip, acks.count === 0)
    setText(chip, `${acks.count}, ${acks.gapFree ? 'gap-free' : 'with gaps'}`)
    setAttribute(chip, 'class', `chip ${acks.gapFree ? 'good' : 'bad'}`)
    list(acks.newest.map((ack) => ({ ...ack, name: nameOf(ack, photos.newest) })))
  }
}

/** A photo is stored under a key that begins with its job's id. */
function nameOf({ subject, message }: Ack, photos: readonly StoredPhoto[]): string {
  const photo = photos.find(({ key }) => key.startsWith(subject))
  return message ?? (photo?.caption || photo?.name || `job ${subject.slice(0, 6)}`)
}

function makeAckRow(): Row<Ack & { readonly name: string }> {
  const number = make('span', { class: 'number' })
  const name = make('span', { class: 'name' })
  const what = make('span', { class: 'what' })
  return {
    element: make('li', {}, number, name, what),
    update({ sequence, type, receivedAt, name: told }) {
      setText(number, `#${sequence}`)
      setText(name, told)
      setAttribute(name, 'title', told)
      setText(what, `${type === 'dead' ? 'dead ' : ''}${timeOfDay(receivedAt)}`)
      setAttribute(what, 'class', `what ${type}`)
    },
  }
}

function storedPanel(apiUrl: string, principal: string): (told: ServerState) => void {
  const chip = find('stored-count', HTMLElement)
  const followUps = find('follow-ups', HTMLElement)
  const list = keyedList<Stored>({
    parent: find('stored', HTMLElement),
    heading: find('stored-title', HTMLElement),
    keyOf: ({ key }) => key,
    make: (stored) => makeTile(stored, (room) => `${apiUrl}/${room}/${principal}/${stored.key}`),
  })
  return ({ photos, followedUp }) => {
    setHidden(find('no-stored', HTMLElement), photos.count > 0)
    setHidden(chip, photos.count === 0)
    setText(chip, count(photos.count, 'file'))
    const { thumbnails, notified } = followedUp
    setHidden(followUps, thumbnails.length + notified.length === 0)
    setText(followUps, `At the edge: ${count(thumbnails.length, 'thumbnail')}, ${notified.length} told`)
    const [withThumbnail, told] = [new Set(thumbnails), new Set(notified)]
    const made = ({ key }: StoredPhoto) => ({
      hasThumbnail: withThumbnail.has(key),
      isNotified: told.has(key),
    })
    list(photos.newest.map((photo) => ({ ...photo, ...made(photo) })))
  }
}

function makeTile(
  { name, caption, bytes, sha256 }: Stored,
  urlOf: (room: 'photos' | 'thumbnails') => string,
): Row<Stored> {
  const image = makePicture(caption || name)
  const facts = make('small', {})
  const href = urlOf('photos')
  const title = `${name}, ${bytes} bytes, SHA-256 ${sha256}`
  const link = make('a', { href, target: '_blank', rel: 'noopener', title }, image, facts)
  return {
    element: make('li', {}, link),
    update({ hasThumbnail, isNotified }) {
      setAttribute(image, 'src', hasThumbnail ? urlOf('thumbnails') : href)
      setText(facts, `${isNotified ? '✓ ' : ''}${size(bytes)} · ${sha256.slice(0, 8)}`)
    },
  }
}
