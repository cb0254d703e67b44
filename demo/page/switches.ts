import { find, setText } from './dom.ts'
import type { Switches } from './server-api.ts'

/** How long what was just set, here or in another tab, is not overwritten by an older answer (milliseconds). */
const settleMs = 1_500

/** The switches of the API, as the page shows them. */
export interface ShownSwitches {
  /** Shows what the API says. */
  show(switches: Switches): void
  /** Shows how they were turned in another tab, just now. */
  turned(switches: Switches): void
  /** What was set here did not take effect. */
  forget(): void
  enable(isEnabled: boolean): void
}

/** `turn` is called for each change that is made here. */
export function createSwitches(turn: (switches: Partial<Switches>) => void): ShownSwitches {
  const form = find('switches', HTMLFormElement)
  const input = (name: string): HTMLInputElement => {
    const control = form.elements.namedItem(name)
    if (control instanceof HTMLInputElement) return control
    throw new TypeError(`Cannot find the switch "${name}" in the page`)
  }
  const [down, failureRate, latencyMs] = [input('down'), input('failureRate'), input('latencyMs')]
  let touchedAt = Number.NEGATIVE_INFINITY

  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('input', ({ target }) => {
    touchedAt = performance.now()
    label(form)
    if (target === down) turn({ down: down.checked })
    if (target === failureRate) turn({ failureRate: failureRate.valueAsNumber / 100 })
    if (target === latencyMs) turn({ latencyMs: latencyMs.valueAsNumber })
  })

  function set(switches: Switches): void {
    down.checked = switches.down
    failureRate.value = String(Math.round(switches.failureRate * 100))
    latencyMs.value = String(switches.latencyMs)
    label(form)
  }

  return {
    show(switches) {
      if (performance.now() - touchedAt >= settleMs) set(switches)
    },
    turned(switches) {
      touchedAt = performance.now()
      set(switches)
    },
    forget() {
      touchedAt = Number.NEGATIVE_INFINITY
    },
    enable(isEnabled) {
      for (const control of [down, failureRate, latencyMs]) control.disabled = !isEnabled
    },
  }
}

function label(form: HTMLFormElement): void {
  for (const [name, unit] of [
    ['failureRate', '%'],
    ['latencyMs', 'ms'],
  ] as const) {
    const control = form.elements.namedItem(name)
    const output = form.elements.namedItem(`${name}Text`)
    if (!(control instanceof HTMLInputElement && output instanceof HTMLOutputElement)) continue
    setText(output, `${control.value} ${unit}`)
    control.setAttribute('aria-valuetext', `${control.value} ${unit}`)
  }
}
