import { find, setHidden } from './dom.ts'

/** Chromium's, which the platform's types do not have. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>
}

/**
 * Shows a button as long as the browser would install the page. Returns what tells whether it is installed, as far as
 * this tab knows; `changed` is called once it is.
 */
export function offerInstall(changed: () => void, failed: (error: unknown) => void): () => boolean {
  const button = find('install', HTMLButtonElement)
  const ownWindow = matchMedia('(display-mode: standalone)')
  let prompt: InstallPrompt | undefined
  let wasInstalled = false

  function offer(next: InstallPrompt | undefined): void {
    prompt = next
    setHidden(button, next === undefined)
  }

  addEventListener('beforeinstallprompt', (event) => {
    if (!isPrompt(event)) return
    // The page has a button of its own, which nobody has to answer.
    event.preventDefault()
    offer(event)
  })
  addEventListener('appinstalled', () => {
    wasInstalled = true
    offer(undefined)
    changed()
  })
  button.addEventListener('click', () => {
    // It can be asked once.
    const asked = prompt
    offer(undefined)
    asked?.prompt().catch(failed)
  })
  return () => wasInstalled || ownWindow.matches
}

function isPrompt(event: Event): event is InstallPrompt {
  return 'prompt' in event && typeof event.prompt === 'function'
}
