import type { By } from '../record.ts'
import type { Taken } from '../page/told.ts'
import type { Evidence } from './evidence.ts'
import { grouped } from './grouped.ts'

/**
 * Jobs of a key take effect first in the order of enqueueing: where one enqueue had resolved before another was called,
 * whoever called it.
 */
export function judgeOrder({ record, server }: Evidence): string[] {
  const firstAt = new Map<string, number>()
  for (const { job, effectAt } of server.uploads) {
    if (effectAt !== undefined) firstAt.set(job, Math.min(effectAt, firstAt.get(job) ?? effectAt))
  }
  const findings: string[] = []
  const keyed = record.taken.filter(({ id, key }) => key !== undefined && firstAt.has(id))
  for (const [key, taken] of grouped(keyed, (each) => each.key ?? '')) {
    const byEffect = taken.toSorted((one, other) => (firstAt.get(one.id) ?? 0) - (firstAt.get(other.id) ?? 0))
    // Of all that took effect so far: the last call. Whoever comes now must not have resolved before it.
    let last: By<Taken> | undefined
    for (const each of byEffect) {
      const isOvertaken = last && each.at < last.askedAt && firstAt.get(each.id) !== firstAt.get(last.id)
      if (isOvertaken) findings.push(`key ${key}: job ${last?.id} overtook ${each.id}, enqueued before it`)
      if (last === undefined || each.askedAt > last.askedAt) last = each
    }
  }
  return findings
}
