import type { Record } from '../record.ts'

/** What may take a worker along, too: it shares a process with some tab. */
const deadly: ReadonlySet<string> = new Set(['crash', 'close', 'worker stop'])

/**
 * Lays each worker's death to the first fault after which it told nothing any more. Its first words may be heard only when it is
 * gone: then nobody knew of it when the fault was ordered. One that lived on would tell, at the latest, how its handlers ended.
 */
export function dateDeaths({ faults, lastAt, deadAt }: Record): void {
  const inOrder = faults
    .filter(({ kind }) => deadly.has(kind))
    .toSorted((one, other) => one.from - other.from)
  for (const [context, saidAt] of lastAt) {
    if (!context.startsWith('worker-')) continue
    const fault = inOrder.find(({ until }) => saidAt <= until)
    if (fault === undefined || fault.from > (deadAt.get(context) ?? Number.POSITIVE_INFINITY)) continue
    deadAt.set(context, fault.from)
    fault.contexts.add(context)
  }
}
