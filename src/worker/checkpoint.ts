import type { Holder } from '../machine/decide.ts'
import { decideCheckpoint } from '../machine/settle.ts'
import type { Json } from '../types.ts'
import { isJson } from './json.ts'
import type { WorkerOptions } from './types.ts'

/** The longest checkpoint kept, as JSON text: every context has it in memory, and every one of them is in the log. */
const maxCheckpointLength = 16_384

/**
 * A checkpoint as the log keeps it.
 *
 * @throws TypeError when it is not JSON.
 * @throws RangeError when it is too long.
 */
export function checkpointText(state: Json, id: string): string {
  const what = `Cannot keep a checkpoint of job "${id}"`
  if (!isJson(state)) throw new TypeError(`${what}: it is not JSON`)
  const text = JSON.stringify(state)
  if (text.length <= maxCheckpointLength) return text
  throw new RangeError(`${what}: it has ${text.length} characters of JSON, of ${maxCheckpointLength}`)
}

/** Resolves once it is on the disk. It brings bytes in, so a full store refuses it alone. */
export function commitCheckpoint(
  holder: Holder,
  checkpoint: string,
  { replica, deciding }: WorkerOptions,
): Promise<void> {
  return replica.submit(
    (state, drafting) => decideCheckpoint(state, holder, checkpoint, deciding(drafting)),
    { grows: true },
  )
}
