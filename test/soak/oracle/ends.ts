import type { Look } from '../page/page.ts'
import type { KindName } from '../page/told.ts'
import type { AppliedAck } from '../server.ts'
import { droppedAt } from './drops.ts'
import type { Evidence, Verdict } from './evidence.ts'
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
 * gap, and no end is told twice; nothing is left. What the browser dropped, and says so, is counted.
 */
export function judgeEnds({ record, server }: Evidence, left: Look): Verdict {
  const findings: string[] = []
  const acks = grouped(server.acks, ({ subject }) => subject)
  const dead = new Map(left.dead)
  const lostAt = droppedAt(record)
  let lost = 0
  for (const { id, kind, context, at } of record.taken) {
    const found = acks.get(id) ?? []
    const how = found.map(wordsFor)
    const isLost = at < lostAt
    if (found.length === 0 && isLost) lost += 1
    else if (found.length === 0)
      findings.push(`lost: job ${id} (${kind}), that ${context} enqueued, never ended`)
    else if (found.length > 1) findings.push(`job ${id} ended more than once: ${how.join(', ')}`)
    else if (!ends[kind].includes(how[0] ?? '')) findings.push(`job ${id} (${kind}) ended ${how[0]}`)
    const isDead = found.some(({ type }) => type === 'dead')
    if (isDead !== dead.has(id) && !isLost)
      findings.push(`job ${id} is ${isDead ? 'not ' : ''}among the dead letters`)
  }
  for (const [source, told] of grouped(server.acks, (ack) => ack.source)) {
    const astray = told.find(({ sequence }, index) => sequence !== index + 1)
    if (astray) findings.push(`acknowledgement ${astray.sequence} of ${source} came out of turn`)
  }
  const sources = new Set(server.acks.map(({ source }) => source))
  // Each log has an outbox of its own, also one that ended before its first acknowledgement.
  const logs = 1 + record.makings.filter(({ isDropped }) => isDropped).length
  if (sources.size === 0 || sources.size > logs)
    findings.push(`acknowledgements came from ${sources.size} outboxes`)
  for (const [finish, told] of grouped(server.acks, (ack) => `${ack.subject}, finish ${ack.finish}`)) {
    if (told.length > 1) findings.push(`applied ${told.length} times: job ${finish}`)
  }
  const { pending, scheduled, running, unsent, stuck } = left
  if (pending + scheduled + running + unsent > 0) {
    findings.push(`left: ${JSON.stringify({ pending, scheduled, running, unsent })} ${stuck.join(' ')}`)
  }
  return {
    findings,
    figures: {
      acknowledged: server.acks.length,
      'dead letters': dead.size,
      ...(lost > 0 && { 'lost with what Chromium dropped': lost }),
    },
  }
}

function wordsFor({ type, reason }: AppliedAck): string {
  return type === 'dead' ? `dead: ${reason}` : type
}
