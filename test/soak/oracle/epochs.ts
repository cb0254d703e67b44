import type { Record } from '../record.ts'
import { grouped } from './grouped.ts'

/**
 * No job has two live epochs: each later one is higher, and begins when the handler before it has ended, was told to stop by
 * its signal, or is known to be dead. For the dead, from when their end was ordered: they may have lived a moment longer.
 */
export function judgeEpochs({ starts, ends, deadAt }: Record): string[] {
  const findings: string[] = []
  const endedAt = new Map<string, number>()
  for (const { id, epoch, context, at } of ends) {
    const name = `${id} ${epoch} ${context}`
    endedAt.set(name, Math.min(at, endedAt.get(name) ?? at))
  }
  for (const [id, told] of grouped(starts, (start) => start.id)) {
    const inOrder = told.toSorted((one, other) => one.at - other.at || one.epoch - other.epoch)
    for (const [index, { epoch, at, context }] of inOrder.entries()) {
      const before = inOrder[index - 1]
      if (before === undefined) continue
      if (epoch <= before.epoch) {
        findings.push(
          `job ${id}: epoch ${epoch} in ${context} came after ${before.epoch} in ${before.context}`,
        )
      }
      const end = endedAt.get(`${id} ${before.epoch} ${before.context}`) ?? deadAt.get(before.context)
      if (end === undefined || end > at) {
        const late = end === undefined ? 'and never ended' : `and ended ${end - at} ms later`
        findings.push(
          `job ${id} had two live epochs: ${before.epoch} in ${before.context} lived when ${epoch} began in ${context}, ${late}`,
        )
      }
    }
  }
  return findings
}
