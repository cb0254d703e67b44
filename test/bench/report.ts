import type { Measured, Target } from './work.ts'

/** What became of one target. */
export interface Verdict {
  readonly id: string
  readonly target: Target
  /** The ratios of the rounds, or their figures where there is no peer; absent where nothing was measured. */
  readonly reached?: Spread
  readonly isMet: boolean
}

/** Figures of several rounds. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
  readonly rounds: number
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** `undefined`: there is no figure. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  return {
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    rounds: values.length,
  }
}

/** Ratios are of the same round, so that what the machine does besides weighs on both. */
export function verdictsOf({ id, targets, figures }: Measured): Verdict[] {
  const of = (name: string): readonly number[] => figures.find((each) => each.name === name)?.rounds ?? []
  return targets.map((target) => {
    const peers = target.peer === undefined ? undefined : of(target.peer)
    const reached = spreadOf(
      of(target.ours).flatMap((figure, round) => {
        const peer = peers === undefined ? 1 : peers[round]
        return peer === undefined ? [] : [figure / peer]
      }),
    )
    if (reached === undefined) return { id, target, isMet: false }
    const isMet = target.is === '>=' ? reached.median >= target.target : reached.median <= target.target
    return { id, target, reached, isMet }
  })
}

/** Prints every figure: the median, the least and the most of its rounds, and how many where others were asked for. */
export function printFigures(measured: readonly Measured[], asked: number): void {
  for (const { id, title, unit, figures } of measured) {
    if (figures.length > 0) console.log(`\n${id}  ${title} (${unit})`)
    for (const { name, rounds } of figures) {
      const spread = spreadOf(rounds)
      if (spread === undefined) continue
      console.log(
        `    ${name.padEnd(40)}${short(spread.median).padStart(10)}    ${rangeOf(spread)}${ofRounds(spread, asked)}`,
      )
    }
  }
}

/** Prints the targets, each with what was reached; then which fall short, and which nobody knows of. */
export function printTargets(measured: readonly Measured[], asked: number): void {
  const verdicts = measured.flatMap(verdictsOf)
  console.log(`\n${'target'.padEnd(74)}${'wanted'.padStart(10)}${'reached'.padStart(10)}    spread`)
  for (const { id, target, reached, isMet } of verdicts) {
    const what = `${id.padEnd(7)}${target.ours}${target.peer === undefined ? '' : ` / ${target.peer}`}`
    const line = `${what.padEnd(74)}${wantedOf(target).padStart(10)}`
    if (reached === undefined) console.log(`${line}${'–'.padStart(10)}    not measured`)
    else {
      const rest = `${rangeOf(reached)}${ofRounds(reached, asked)}${isMet ? '' : '   falls short'}`
      console.log(`${line}${short(reached.median).padStart(10)}    ${rest}`)
    }
  }
  console.log(`\n${conclusionOf(verdicts)}`)
}

/** That every target holds is said only where each was measured. */
export function conclusionOf(verdicts: readonly Verdict[]): string {
  const unknown = verdicts.filter(({ reached }) => reached === undefined)
  const missed = verdicts.filter(({ reached, isMet }) => reached !== undefined && !isMet)
  if (verdicts.length === 0) return 'No target was measured.'
  if (unknown.length + missed.length === 0) return 'Every target holds.'
  return [
    ...(missed.length > 0 ? [`${missed.length} fall short: ${idsOf(missed)}.`] : []),
    ...(unknown.length > 0 ? [`Not measured: ${idsOf(unknown)}.`] : []),
  ].join(' ')
}

function idsOf(verdicts: readonly Verdict[]): string {
  return [...new Set(verdicts.map(({ id }) => id))].join(', ')
}

export function wantedOf({ is, target }: Target): string {
  return `${is === '>=' ? '≥' : '≤'} ${short(target)}`
}

export function rangeOf({ least, most }: Spread): string {
  return least === most ? short(least) : `${short(least)} – ${short(most)}`
}

function ofRounds({ rounds }: Spread, asked: number): string {
  return rounds === asked ? '' : `    ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`
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
