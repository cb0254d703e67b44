import { conclusionOf, median, rangeOf, short, verdictsOf, wantedOf } from './report.ts'
import type { Measured } from './work.ts'

/** The targets as a table in Markdown, each with the figures behind it: what the project's README has. */
export function markdownOf(measured: readonly Measured[]): string {
  return [
    '| | what | ours | its peer | wanted | reached | spread | |',
    '|---|---|---|---|---|---|---|---|',
    ...measured.flatMap(rowsOf),
    '',
    conclusionOf(measured.flatMap(verdictsOf)),
  ].join('\n')
}

function rowsOf(work: Measured): string[] {
  const figureOf = (name: string | undefined): string => {
    const rounds = work.figures.find((each) => each.name === name)?.rounds ?? []
    return rounds.length === 0 ? '' : `: ${short(median(rounds))}`
  }
  return verdictsOf(work).map(({ id, target, reached, isMet }) =>
    row([
      id,
      `${work.title} (${work.unit})`,
      `${target.ours}${figureOf(target.ours)}`,
      target.peer === undefined ? '' : `${target.peer}${figureOf(target.peer)}`,
      wantedOf(target),
      reached === undefined ? '' : short(reached.median),
      reached === undefined ? '' : rangeOf(reached),
      reached === undefined ? 'not measured' : isMet ? 'holds' : 'falls short',
    ]),
  )
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
