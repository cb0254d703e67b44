import type { EnqueueOptions } from 'holdfast'
import { draws } from '../draw.ts'
import type { SoakQueue } from './queue.ts'
import type { KindName, Tell } from './told.ts'

/** How long a tab waits between two handfuls of jobs, unless it is hidden: then the browser makes it a second. */
const pauseMs = 400

/** Enqueues in one tab, all the time. */
export interface Producer {
  start(): void
  /** Enqueues no more; resolves once every enqueue has an answer. */
  rest(): Promise<void>
}

export function createProducer(queue: SoakQueue, context: string, seed: number, tell: Tell): Producer {
  const draw = draws(seed)
  const asked = new Set<Promise<void>>()
  let isResting = false
  let handfulAt = 0

  const pick = (): { readonly kind: KindName; readonly options: EnqueueOptions } => {
    const kind = draw.weighted({ note: 10, photo: 6, refused: 1, broken: 1, once: 2 })
    const manner = kind === 'once' ? 'alone' : draw.weighted({ alone: 6, keyed: 2, shared: 2 })
    if (manner === 'keyed')
      return { kind, options: { key: draw.oneOf([`${context}-key`, 'key-1', 'key-2']) } }
    if (manner === 'alone' || kind === 'refused' || kind === 'broken') return { kind, options: {} }
    const onDuplicate = draw.oneOf(['keep', 'replace', 'queue-one'] as const)
    return { kind, options: { dedupeKey: draw.oneOf(['d1', 'd2', 'd3', 'd4']), onDuplicate } }
  }
  const add = async (): Promise<void> => {
    const { kind, options } = pick()
    const askedAt = Date.now()
    try {
      const taken =
        kind === 'photo'
          ? await queue.enqueue('photo', { file: photo(draw.upTo(40_000)) }, options)
          : await queue.enqueue(kind, { text: `a note of ${askedAt}` }, options)
      const { key } = options
      tell({ type: 'taken', id: taken.id, kind, outcome: taken.outcome, key, askedAt, at: Date.now() })
    } catch (error) {
      tell({ type: 'refusal', message: String(error) })
    }
  }
  const handful = (): void => {
    if (isResting) return
    const now = Date.now()
    // As many as if no timer were late, but not all that a frozen page missed.
    const count = Math.min(6, Math.max(1, Math.round((now - handfulAt) / pauseMs)) * draw.upTo(3))
    handfulAt = now
    for (let index = 0; index < count; index++) {
      const adding = add().finally(() => asked.delete(adding))
      asked.add(adding)
    }
    setTimeout(handful, pauseMs)
  }
  return {
    start: handful,
    async rest() {
      isResting = true
      await Promise.all(asked)
    },
  }
}

/** Bytes that the server can tell from others: each is its own place, and so is the length. */
function photo(length: number): Blob {
  return new Blob([Uint8Array.from({ length }, (_, place) => place % 251)])
}
