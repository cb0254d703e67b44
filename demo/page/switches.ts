import { find, setText } from './dom.ts'
import type { Switches } from './server-api.ts'

/** How long what a user has just set is not overwritten by an older answer (milliseconds). */
const settleMs = 1_500

/** The switches of the API. `turn` is called for each change; the result shows what the API says. */
export function createSwitches(turn: (switches: Partial<Switches>) => void): (switches: Switches) => void {
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

  return (switches) => {
    if (performance.now() - touchedAt < settleMs) return
    down.checked = switches.down
    failureRate.value = String(Math.round(switches.failureRate * 100))
    latencyMs.value = String(switches.latencyMs)
    label(form)
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
