import type { Seen } from './record.ts'
import { headingOf } from './table.ts'

/** What may not be, whatever the README says: the lab failed, or our `own` queue did not survive. Each by its place. */
export function complaintsOf({ titles, rows }: Seen, own: string): string[] {
  return rows.flatMap(({ note, cells }) =>
    cells.flatMap((cell, column) => {
      const place = `${headingOf(note)}, ${titles[column]}`
      if (cell.is === 'error') return [`error: ${place}: the lab failed: ${cell.because}`]
      if (titles[column] !== own || cell.is === 'survived') return []
      return [`${place} is to survive, and is ${cell.is}: ${cell.because}`]
    }),
  )
}
