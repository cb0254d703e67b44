/** The README's table is the record of the last run: what is read here is compared with what is seen. */
import { broke, notSaid, survived, survivedThough, type Verdict } from './contract.ts'
import { asMarkdown, type Cell, headingOf, type Row } from './table.ts'

/** What the README says, by the headings of rows and columns. */
export interface Recorded {
  readonly titles: readonly string[]
  readonly rows: ReadonlyMap<string, readonly Verdict[]>
}

/** What was seen, or is to be written. */
export interface Seen {
  readonly titles: readonly string[]
  readonly rows: readonly Row[]
}

/** @throws RangeError where there is no such table, or a cell of it is no verdict. */
export function readRecord(readme: string): Recorded {
  const [head = '', , ...rows] = textOf(readme).table.split('\n').map(columnsOf)
  const [, ...titles] = head
  const reasons = footnotesIn(textOf(readme).footnotes)
  return {
    titles,
    rows: new Map(rows.map(([name = '', ...cells]) => [name, cells.map((cell) => verdictOf(cell, reasons))])),
  }
}

/** Where the README has another verdict than was seen, or another reason, or none: each by its row and column. */
export function differences(recorded: Recorded, { titles, rows }: Seen): string[] {
  return rows.flatMap(({ note, cells }) =>
    cells.flatMap((cell, column) => {
      const title = titles[column] ?? ''
      const [known, seen] = [inWords(cellOf(recorded, headingOf(note), title)), inWords(cell)]
      return known === seen ? [] : [`${headingOf(note)}, ${title}: README has ${known}; seen is ${seen}`]
    }),
  )
}

/**
 * The README with what was seen in the place of what it says, for these columns and notes; what was not played stays.
 * @throws RangeError where there is a cell of which nobody knows anything.
 */
export function rewritten(
  readme: string,
  { titles, notes }: { readonly titles: readonly string[]; readonly notes: readonly Row['note'][] },
  seen: Seen,
): string {
  const recorded = readRecord(readme)
  const cellFor = (note: Row['note'], title: string): Cell => {
    const row = seen.rows.find((each) => each.note.number === note.number)
    const cell = row?.cells[seen.titles.indexOf(title)] ?? cellOf(recorded, headingOf(note), title)
    if (cell === undefined || cell.is === 'error')
      throw new RangeError(`Cannot write the table: of ${headingOf(note)}, ${title} there is no verdict`)
    return cell
  }
  const rows = notes.map((note) => ({ note, cells: titles.map((title) => cellFor(note, title)) }))
  const { table, footnotes } = textOf(readme)
  return readme.replace(`${table}\n\n${footnotes}`, () => asMarkdown(titles, rows))
}

function textOf(readme: string): { readonly table: string; readonly footnotes: string } {
  const [, section = ''] = readme.split('\n## What broke other queues\n')
  const parts = section.split('\n## ', 1).join().split('\n\n')
  const at = parts.findIndex((part) => part.startsWith('| |'))
  const [table, footnotes] = parts.slice(Math.max(0, at))
  if (at === -1 || table === undefined || !footnotes?.startsWith('<sup>1</sup> '))
    throw new RangeError('Cannot read the README: there is no table of what broke other queues')
  return { table, footnotes: footnotes.trimEnd() }
}

const columnsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

function footnotesIn(text: string): ReadonlyMap<string, string> {
  const each = text.replaceAll('\n', ' ').split(/ · (?=<sup>)/)
  return new Map(each.map((line) => [line.split(' ', 1).join(), line.split(' ').slice(1).join(' ')]))
}

function verdictOf(cell: string, reasons: ReadonlyMap<string, string>): Verdict {
  const [word = '', mark] = cell.split(' ')
  const because = reasons.get(mark ?? '')
  if (word === 'survived' && mark === undefined) return survived
  if (because !== undefined) {
    if (word === 'survived') return survivedThough(because)
    if (word === '**broke**') return broke(because)
    if (word === '–') return notSaid(because)
  }
  throw new RangeError(`Cannot read the README’s table: "${cell}" is no verdict with its reason`)
}

function cellOf({ titles, rows }: Recorded, heading: string, title: string): Verdict | undefined {
  return rows.get(heading)?.[titles.indexOf(title)]
}

function inWords(cell: Cell | undefined): string {
  if (cell === undefined) return 'nothing'
  return cell.because === undefined ? cell.is : `${cell.is}: ${cell.because}`
}
