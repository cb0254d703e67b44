/** Where a schedule's every choice comes from: the same seed makes the same choices. */
export interface Random {
  /** From 0 to below 1. */
  next(): number
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(choices: readonly [T, ...T[]]): T
  /** One of the names, each as often as it weighs; `undefined` when nothing weighs anything. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name | undefined
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  // mulberry32: small, quick, and good enough to choose with.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    next,
    below,
    between: (from, to) => from + below(to - from + 1),
    chance: (probability) => next() < probability,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name | undefined {
      const names = Object.keys(weights) as Name[]
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0)
      return names.find((name) => {
        left -= weights[name]
        return left < 0
      })
    },
  }
}
