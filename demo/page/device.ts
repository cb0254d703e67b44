import type { QueueInfo } from 'holdfast'
import { find, make, makeButton, setHidden, setText } from './dom.ts'
import type { Model } from './model.ts'
import type { Readiness } from './offline.ts'
import { makeChip } from './shown.ts'
import { size, type Wording } from './words.ts'

/** What this device does for its user. */
export interface Device {
  readonly readiness: Readiness
  readonly isInstalled: boolean
  /** Whether the browser sends what is left once the page is closed. */
  readonly isWoken: boolean
  /** Whether the browser promised not to make room by throwing it away. */
  readonly isPersistent: boolean
}

/** Something about the device: a chip in short, and a sentence below. */
interface Fact {
  readonly chip: Wording | undefined
  readonly sentence: string
}

type Facts = (device: Device, model: Model) => Fact

const offline: Facts = ({ readiness }) => {
  const said: Record<Readiness, Fact> = {
    ready: {
      chip: { text: 'Works offline', tone: 'good' },
      sentence: 'Ready: the page opens without a network, and takes photos in.',
    },
    preparing: {
      chip: { text: 'Getting ready for offline…', tone: 'plain' },
      sentence: 'The page is being kept on this device…',
    },
    failed: {
      chip: { text: 'Not ready for offline', tone: 'warn' },
      sentence: 'The page could not be kept on this device. Photos are, and go up while it is open.',
    },
    absent: {
      chip: { text: 'Opens online only', tone: 'plain' },
      sentence: 'There is no service worker here: that takes https, or an address of this machine.',
    },
  }
  return said[readiness]
}

const background: Facts = ({ isWoken, readiness }) => {
  if (isWoken) {
    return {
      chip: { text: 'Sends in the background', tone: 'good' },
      sentence: 'On: what waits goes up once there is a network, also when the page is closed.',
    }
  }
  const helps = readiness === 'ready' ? ' and for a moment after it is closed' : ''
  return {
    chip: { text: 'Sends while open', tone: 'plain' },
    sentence: `Off: this browser wakes nobody. What waits goes up while a page is open${helps}.`,
  }
}

const storage: Facts = ({ isPersistent }, { info: { store } }) => {
  if (!store.durable) {
    return {
      chip: { text: 'Kept in memory only', tone: 'bad' },
      sentence: 'In memory only: what waits is gone when this page is closed.',
    }
  }
  const used = store.usage === undefined ? '' : `, ${size(store.usage)}`
  const until = isPersistent
    ? 'Nothing is thrown away to make room.'
    : 'The browser may throw it away when room is scarce.'
  return { chip: undefined, sentence: `Kept on this device${used}. ${until}` }
}

const application: Facts = ({ isInstalled }) =>
  isInstalled
    ? { chip: { text: 'Installed', tone: 'good' }, sentence: 'Installed.' }
    : { chip: undefined, sentence: 'Open in a browser’s tab.' }

const network: Facts = (_, { online }) =>
  online
    ? { chip: undefined, sentence: 'Connected, says this device.' }
    : { chip: { text: 'Offline', tone: 'warn' }, sentence: 'There is none. Photos wait here.' }

/** Shows what this device does: ready for offline, woken in the background, installed, kept. */
export function createDevicePanel(persist: () => void): (device: Device, model: Model) => void {
  const keep = makeButton('Keep it for good', 'button', persist)
  const lines = [
    makeLine('Network', network),
    makeLine('Offline', offline),
    makeLine('Background', background),
    makeLine('Application', application),
    makeLine('Storage', storage, keep),
  ]
  return (device, model) => {
    for (const line of lines) line(device, model)
    setHidden(keep, !canKeep(device, model.info))
  }
}

function canKeep({ isPersistent }: Device, { store }: QueueInfo): boolean {
  return store.durable && !isPersistent && 'storage' in navigator
}

function makeLine(name: string, tell: Facts, ...more: readonly Node[]): typeof update {
  const chip = makeChip()
  const sentence = make('span')
  find('device-chips', HTMLElement).append(chip.element)
  const line = make('div', {}, make('dt', {}, name), make('dd', {}, sentence, ...more))
  find('device', HTMLElement).append(line)
  return update

  function update(device: Device, model: Model): void {
    const fact = tell(device, model)
    chip.update(fact.chip)
    setText(sentence, fact.sentence)
  }
}
