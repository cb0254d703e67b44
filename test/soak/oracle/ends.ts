import type { Look } from '../page/page.ts'
import type { KindName } from '../page/told.ts'
import type { AppliedAck } from '../server.ts'
import { droppedAt } from './drops.ts'
import type { Evidence, Verdict, Waived } from './evidence.ts'
import { grouped } from './grouped.ts'

/** How jobs of each kind end, once nothing goes wrong any more. */
const ends: Readonly<Record<KindName, readonly string[]>> = {
  note: ['completed'],
  photo: ['completed'],
  refused: ['dead: fatal'],
  broken: ['dead: errors'],
  // It may be that what ran ran in vain: then a person is to look.
  once: ['completed', 'dead: maybe-ran'],
}

/**
 * Every enqueue that resolved has ended as it should, and the server knows; the numbers of the acknowledgements have no
 * gap, and no end is told twice; nothing is left. What the browser dropped, and says so, is waived, and counted.
 */
export function judgeEnds({ record, server }: Evidence, left: Look): Verdict & { readonly waived: Waived } {
  const drops = record.makings.filter(({ isDropped }) => isDropped).length
  const { findings, waived } = judgeJobs(record, server.acks, new Map(left.dead))
  return {
    findings: [...findings, ...judgeAcks(server.acks, 1 + drops), ...judgeLeft(left)],
    figures: { acknowledged: server.acks.length, 'dead letters': left.dead.length },
    waived: { drops, jobs: waived },
  }
}

function judgeJobs(
  record: Evidence['record'],
  acks: readonly AppliedAck[],
  dead: ReadonlyMap<string, unknown>,
): { readonly findings: readonly string[]; readonly waived: number } {
  const findings: string[] = []
  const told = grouped(acks, ({ subject }) => subject)
  const lostAt = droppedAt(record)
  /** By id: an enqueue may be told of a job that is there already. */
  const waived = new Set<string>()
  for (const { id, kind, context, at } of record.taken) {
    const found = told.get(id) ?? []
    const [how = '', ...more] = found.map(wordsFor)
    const missing: string[] = []
    if (found.length === 0) missing.push(`lost: job ${id} (${kind}), that ${context} enqueued, never ended`)
    else if (more.length > 0) findings.push(`job ${id} ended more than once: ${how}, ${more.join(', ')}`)
    else if (!ends[kind].includes(how)) findings.push(`job ${id} (${kind}) ended ${how}`)
    const isDead = found.some(({ type }) => type === 'dead')
    if (isDead && !dead.has(id)) missing.push(`job ${id} is not among the dead letters`)
    if (!isDead && dead.has(id)) findings.push(`job ${id} is among the dead letters`)
    if (at >= lostAt) findings.push(...missing)
    else if (missing.length > 0) waived.add(id)
  }
  return { findings, waived: waived.size }
}

/** Each log has an outbox of its own, also one that ended before its first acknowledgement. */
function judgeAcks(acks: readonly AppliedAck[], logs: number): string[] {
  const findings: string[] = []
  const sources = grouped(acks, ({ source }) => source)
  for (const [source, told] of sources) {
    const astray = told.find(({ sequence }, index) => sequence !== index + 1)
    if (astray) findings.push(`acknowledgement ${astray.sequence} of ${source} came out of turn`)
  }
  if (sources.size === 0 || sources.size > logs)
    findings.push(`acknowledgements came from ${sources.size} outboxes`)
  for (const [finish, told] of grouped(acks, (ack) => `${ack.subject}, finish ${ack.finish}`)) {
    if (told.length > 1) findings.push(`applied ${told.length} times: job ${finish}`)
  }
  return findings
}

function judgeLeft({ pending, scheduled, running, unsent, stuck }: Look): string[] {
  if (pending + scheduled + running + unsent === 0) return []
  return [`left: ${JSON.stringify({ pending, scheduled, running, unsent })} ${stuck.join(' ')}`]
}

function wordsFor({ type, reason }: AppliedAck): string {
  return type === 'dead' ? `dead: ${reason}` : type
}
