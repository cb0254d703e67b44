import type { Note, Verdict } from './contract.ts'

/** What stands in one place of the table. An `error` is the lab's own, and says nothing of the peer. */
export type Cell = Verdict | { readonly is: 'error'; readonly because: string }

export interface Row {
  readonly note: Pick<Note, 'number' | 'name'>
  /** In the order of the columns. */
  readonly cells: readonly Cell[]
}

/** What a row is called. */
export const headingOf = ({ number, name }: Row['note']): string => `${number}. ${name}`

interface Marked {
  readonly cells: readonly (readonly string[])[]
  readonly footnotes: readonly string[]
}

const words: Readonly<Record<Cell['is'], string>> = {
  survived: 'survived',
  broke: '**broke**',
  'not said': '–',
  error: 'error',
}

/** One word per cell, and a numbered footnote where there is more to say: the same phrase has the same number. */
function marked(rows: readonly Row[], mark: (number: number) => string): Marked {
  const footnotes: string[] = []
  const cells = rows.map((row) =>
    row.cells.map((cell) => {
      const word = words[cell.is]
      // What failed in the lab is told below, and is no footnote of anybody's.
      if (cell.is === 'error' || cell.because === undefined) return word
      const known = footnotes.indexOf(cell.because)
      return `${word} ${mark(known === -1 ? footnotes.push(cell.because) : known + 1)}`
    }),
  )
  return { cells, footnotes }
}

/** The README's table. */
export function asMarkdown(titles: readonly string[], rows: readonly Row[]): string {
  const { cells, footnotes } = marked(rows, (number) => `<sup>${number}</sup>`)
  const line = (columns: readonly string[]): string =>
    `|${columns.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`
  return [
    line(['', ...titles]),
    `|${'---|'.repeat(titles.length + 1)}`,
    ...rows.map(({ note }, index) => line([headingOf(note), ...(cells[index] ?? [])])),
    '',
    wrapped(footnotes.map((text, index) => `<sup>${index + 1}</sup> ${text}`).join(' · ')),
  ].join('\n')
}

/** In lines of no more than 120 characters. */
function wrapped(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = [...lines.slice(-1), word].join(' ')
    if (longer.length > 120 || lines.length === 0) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines.join('\n')
}

/** The same for a terminal. */
export function asText(titles: readonly string[], rows: readonly Row[]): string {
  const { cells, footnotes } = marked(rows, (number) => `(${number})`)
  const columns = [
    ['', ...titles],
    ...cells.map((row, index) => [
      String(rows[index]?.note.number),
      ...row.map((cell) => cell.replaceAll('**', '')),
    ]),
  ]
  const widths = ['', ...titles].map((_, place) => Math.max(...columns.map((row) => row[place]?.length ?? 0)))
  const lines = columns.map((row, index) => {
    const padded = row.map((cell, place) => cell.padEnd(widths[place] ?? 0)).join('  ')
    return `${padded}  ${index === 0 ? '' : rows[index - 1]?.note.name}`.trimEnd()
  })
  return [...lines, '', ...footnotes.map((text, index) => `(${index + 1}) ${text}`)].join('\n')
}
