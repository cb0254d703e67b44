/** Who may run a key, one after the other. */
export interface Turns {
  /** Resolves with what ends the turn, or with `undefined` when `waitMs` went by without one. */
  take(name: string, waitMs: number): Promise<(() => void) | undefined>
}

export function createTurns(): Turns {
  const going = new Map<string, Promise<void>>()

  return {
    async take(name, waitMs) {
      let patience: Patience | undefined
      for (let turn = going.get(name); turn !== undefined; turn = going.get(name)) {
        patience ??= patienceOf(waitMs)
        await Promise.race([turn, patience.end])
        if (patience.isOver()) return undefined
      }
      patience?.drop()
      // Between the look and this there is no await: nobody else has taken it.
      return begin(name)
    },
  }

  function begin(name: string): () => void {
    let end = (): void => undefined
    const turn = new Promise<void>((resolve) => {
      end = resolve
    })
    going.set(name, turn)
    return () => {
      going.delete(name)
      end()
    }
  }
}

interface Patience {
  readonly end: Promise<void>
  isOver(): boolean
  drop(): void
}

function patienceOf(ms: number): Patience {
  let isOver = false
  let drop = (): void => undefined
  const end = new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      isOver = true
      resolve()
    }, ms)
    drop = () => clearTimeout(timer)
  })
  return { end, isOver: () => isOver, drop: () => drop() }
}
