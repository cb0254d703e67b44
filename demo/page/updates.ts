import { takeOver } from '../worker/messages.ts'
import { find, make, makeButton, setHidden, setText } from './dom.ts'

/** How often it is looked for a newer version at the most (milliseconds). */
const pauseMs = 60_000

/**
 * Tells when a newer version of the page waits, and has it take over when it is asked to: not before, since what
 * somebody is typing would be lost. The other tabs go on as they are.
 */
export function watchUpdates(registration: ServiceWorkerRegistration): void {
  const notice = makeNotice()
  const { serviceWorker } = navigator
  let controller = serviceWorker.controller
  let isAskedFor = false
  let lookedAt = performance.now()

  function look(): void {
    const { waiting, installing } = registration
    if (waiting && serviceWorker.controller) {
      notice('A new version is ready.', 'Update now', () => {
        isAskedFor = true
        registration.waiting?.postMessage(takeOver)
      })
    }
    installing?.addEventListener('statechange', look)
  }

  function changeHands(): void {
    const isFirst = controller === null
    controller = serviceWorker.controller
    if (isAskedFor) location.reload()
    else if (!isFirst) notice('A new version runs in another tab.', 'Reload', () => location.reload())
  }

  function ask(): void {
    if (document.visibilityState === 'hidden' || performance.now() - lookedAt < pauseMs) return
    lookedAt = performance.now()
    // Without a network there is no newer one.
    registration.update().catch((error: unknown) => console.debug('Cannot look for a newer version', error))
  }

  registration.addEventListener('updatefound', look)
  serviceWorker.addEventListener('controllerchange', changeHands)
  document.addEventListener('visibilitychange', ask)
  look()
}

function makeNotice(): (text: string, label: string, act: () => void) => void {
  const element = find('update', HTMLElement)
  const text = make('p')
  let press = (): void => undefined
  const button = makeButton('', 'button', () => press())
  const later = makeButton('Later', 'button quiet', () => setHidden(element, true))
  element.append(text, make('span', { class: 'choices' }, later, button))
  return (said, label, act) => {
    press = act
    setText(text, said)
    setText(button, label)
    setHidden(element, false)
  }
}
