import { find, setHidden } from './dom.ts'

/** Chromium's, which the platform's types do not have. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>
}

/** Shows a button as long as the browser would install the page. `changed` is called once it is installed. */
export function offerInstall(changed: () => void, failed: (error: unknown) => void): void {
  const button = find('install', HTMLButtonElement)
  let prompt: InstallPrompt | undefined

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
    offer(undefined)
    changed()
  })
  button.addEventListener('click', () => {
    // It can be asked once.
    const asked = prompt
    offer(undefined)
    asked?.prompt().catch(failed)
  })
}

function isPrompt(event: Event): event is InstallPrompt {
  return 'prompt' in event && typeof event.prompt === 'function'
}

/** Whether it runs as an application, in a window of its own. */
export function isInstalled(): boolean {
  return matchMedia('(display-mode: standalone)').matches
}
