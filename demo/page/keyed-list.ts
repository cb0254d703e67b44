/** One item on the page, made once and then kept level. */
export interface Row<Item> {
  readonly element: HTMLElement
  update(item: Item): void
}

/** Options of {@link keyedList}. */
export interface KeyedListOptions<Item> {
  readonly parent: HTMLElement
  readonly keyOf: (item: Item) => string
  readonly make: (item: Item) => Row<Item>
  /** Gets the focus when the row that has it goes, and no other row is left. */
  readonly heading: HTMLElement
}

/**
 * Shows items in order and keeps each one's elements: what somebody types or has focused stays as it is while the
 * items around it come and go.
 */
export function keyedList<Item>(options: KeyedListOptions<Item>): (items: readonly Item[]) => void {
  const { parent, keyOf, make } = options
  const rows = new Map<string, Row<Item>>()

  return (items) => {
    const keys = new Set(items.map(keyOf))
    for (const [key, { element }] of rows) {
      if (keys.has(key)) continue
      handOn(element, options.heading)
      element.remove()
      rows.delete(key)
    }
    let next = parent.firstElementChild
    for (const item of items) {
      const row = rowOf(item)
      row.update(item)
      // Moving an element takes its focus away, so that what is in its place is left alone.
      if (row.element === next) next = next.nextElementSibling
      else parent.insertBefore(row.element, next)
    }
  }

  function rowOf(item: Item): Row<Item> {
    const key = keyOf(item)
    const known = rows.get(key)
    if (known) return known
    const row = make(item)
    rows.set(key, row)
    return row
  }
}

/** With a keyboard, losing the focus means to begin again at the top of the page. */
function handOn(element: HTMLElement, heading: HTMLElement): void {
  if (!element.contains(document.activeElement)) return
  const neighbour = element.nextElementSibling ?? element.previousElementSibling
  const control = neighbour?.querySelector('button:not([hidden]), input, summary')
  const target = control instanceof HTMLElement ? control : heading
  target.focus()
}
