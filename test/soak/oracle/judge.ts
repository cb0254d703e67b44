import type { Look } from '../page/page.ts'
import type { FaultKind } from '../record.ts'
import { dateDeaths } from './deaths.ts'
import { judgeDeliveries } from './deliveries.ts'
import { judgeDrops } from './drops.ts'
import { judgeEnds } from './ends.ts'
import { judgeEpochs } from './epochs.ts'
import type { Evidence, Verdict, Waived } from './evidence.ts'
import { judgeOrder } from './order.ts'

/** What all judges say of a soak. */
export interface Judgement extends Verdict {
  readonly waived: Waived
}

/** `kinds` are those of the faults that were ordered. */
export function judge(evidence: Evidence, left: Look, kinds: readonly FaultKind[]): Judgement {
  const { record, server } = evidence
  dateDeaths(record)
  const counts = new Map<FaultKind, number>(kinds.map((kind) => [kind, 0]))
  for (const { kind } of record.faults) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const missing = kinds.filter((kind) => counts.get(kind) === 0)
  const drops = judgeDrops(record)
  const deliveries = judgeDeliveries(evidence)
  const ends = judgeEnds(evidence, left)
  const byWorkers = record.starts.filter(({ context }) => context.startsWith('worker-')).length
  const troubles = [...record.troubles].filter(([words]) => words.startsWith('uncaught'))
  return {
    findings: [
      ...missing.map((kind) => `no fault of this kind came to pass: ${kind}`),
      ...(byWorkers === 0 ? ['no job was run by the service worker'] : []),
      ...drops.findings,
      ...ends.findings,
      ...deliveries.findings,
      ...judgeEpochs(record),
      ...judgeOrder(evidence),
      ...server.complaints,
      ...troubles.map(([words, count]) => `${count} × ${words}`),
    ],
    figures: {
      enqueued: record.taken.length,
      ...ends.figures,
      attempts: record.starts.length,
      'attempts by the service worker': byWorkers,
      ...deliveries.figures,
      ...drops.figures,
      ...Object.fromEntries([...counts].map(([kind, count]) => [`faults: ${kind}`, count])),
      ...Object.fromEntries([...record.troubles].filter(([words]) => !words.startsWith('uncaught'))),
    },
    waived: ends.waived,
  }
}
