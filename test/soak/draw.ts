import { seededRandom } from '../../src/testing/simulator/random.ts'

/** Draws that a seed repeats. */
export interface Draws {
  /** From 0 to below 1. */
  fraction(): number
  /** A whole number from 1 to `most`. */
  upTo(most: number): number
  oneOf<T>(choices: readonly T[]): T
  /** One of the names, as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name
  /** All of them, in another order. */
  shuffled<T>(choices: readonly T[]): T[]
}

export function draws(seed: number): Draws {
  const { next: fraction } = seededRandom(seed)
  const oneOf = <T>(choices: readonly T[]): T => {
    const choice = choices[Math.floor(fraction() * choices.length)]
    if (choice === undefined) throw new RangeError('Cannot draw: there is nothing to choose from')
    return choice
  }
  return {
    fraction,
    upTo: (most) => 1 + Math.floor(fraction() * most),
    oneOf,
    weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
      const names = Object.keys(weights) as Name[]
      return oneOf(names.flatMap((name) => Array.from({ length: weights[name] }, () => name)))
    },
    shuffled<T>(choices: readonly T[]): T[] {
      const left = [...choices]
      return choices.map(() => {
        const choice = oneOf(left)
        left.splice(left.indexOf(choice), 1)
        return choice
      })
    },
  }
}
