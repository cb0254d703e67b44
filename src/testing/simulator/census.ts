/** What is counted: the faults that were made, what is in the log, what queues told, and what callers asked. */
export type Category =
  | 'fault'
  | 'crash'
  | 'log'
  | 'dead'
  | 'reclaimed'
  | 'event'
  | 'call'
  | 'rejected'
  | 'outcome'

/** How often what happened, by category and name, such as `fault: crash`. */
export type Counts = Readonly<Record<string, number>>

export interface Census {
  readonly counts: Counts
  count(category: Category, name: string): void
}

export function createCensus(): Census {
  const counts: Record<string, number> = {}
  return {
    counts,
    count(category, name) {
      const key = `${category}: ${name}`
      counts[key] = (counts[key] ?? 0) + 1
    },
  }
}
