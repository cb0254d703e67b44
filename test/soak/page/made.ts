import type { Tell } from './told.ts'

/** Has it told when the browser makes a database anew, and whether it says that it dropped one: `dataLoss` is Chromium's. */
export function tellMade(tell: Tell): void {
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...given) {
    const request = open.apply(this, given)
    request.addEventListener('upgradeneeded', (event) => {
      if (event.oldVersion > 0) return
      const isDropped = Reflect.get(event, 'dataLoss') === 'total'
      const why = String(Reflect.get(event, 'dataLossMessage'))
      tell({ type: 'made', isDropped, why, at: Date.now() })
    })
    return request
  }
}
