import type { Measured, Target } from './work.ts'

/** What became of one target. */
export interface Verdict {
  readonly id: string
  readonly target: Target
  /** The median of the rounds' ratios, or of their figures where there is no peer. */
  readonly reached: number
  readonly least: number
  readonly most: number
  readonly isMet: boolean
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** Ratios are of the same round, so that what the machine does besides weighs on both. */
export function verdictsOf({ id, targets, figures }: Measured): Verdict[] {
  const of = (name: string): readonly number[] => figures.find((each) => each.name === name)?.rounds ?? []
  return targets.flatMap((target) => {
    const peers = target.peer === undefined ? undefined : of(target.peer)
    const reached = of(target.ours).flatMap((figure, round) => {
      const peer = peers === undefined ? 1 : peers[round]
      return peer === undefined ? [] : [figure / peer]
    })
    if (reached.length === 0) return []
    const middle = median(reached)
    const isMet = target.is === '>=' ? middle >= target.target : middle <= target.target
    return [{ id, target, reached: middle, least: Math.min(...reached), most: Math.max(...reached), isMet }]
  })
}

/** Prints every figure: the median, the least and the most of its rounds. */
export function printFigures(measured: readonly Measured[]): void {
  for (const { id, title, unit, figures } of measured) {
    console.log(`\n${id}  ${title} (${unit})`)
    for (const { name, rounds } of figures) {
      if (rounds.length === 0) continue
      const spread = `${short(Math.min(...rounds))} – ${short(Math.max(...rounds))}`
      console.log(`    ${name.padEnd(40)}${short(median(rounds)).padStart(10)}    ${spread}`)
    }
  }
}

/** Prints the targets, each with what was reached; then which fall short. */
export function printTargets(measured: readonly Measured[]): readonly Verdict[] {
  const verdicts = measured.flatMap(verdictsOf)
  console.log(`\n${'target'.padEnd(74)}${'wanted'.padStart(10)}${'reached'.padStart(10)}    spread`)
  for (const verdict of verdicts) {
    const { id, target, reached, least, most, isMet } = verdict
    const what = `${id.padEnd(7)}${target.ours}${target.peer === undefined ? '' : ` / ${target.peer}`}`
    const wanted = `${target.is === '>=' ? '≥' : '≤'} ${short(target.target)}`
    const spread = `${short(least)} – ${short(most)}${isMet ? '' : '   falls short'}`
    console.log(`${what.padEnd(74)}${wanted.padStart(10)}${short(reached).padStart(10)}    ${spread}`)
  }
  const short_ = verdicts.filter(({ isMet }) => !isMet)
  const names = [...new Set(short_.map(({ id }) => id))].join(', ')
  console.log(short_.length === 0 ? '\nEvery target holds.' : `\n${short_.length} fall short: ${names}`)
  return verdicts
}

/** Three digits that count. */
export function short(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value
    .toLocaleString('en', {
      minimumFractionDigits: Math.min(digits, 3),
      maximumFractionDigits: Math.min(digits, 3),
    })
    .replaceAll(',', ' ')
}
