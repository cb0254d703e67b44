import type { Note, Peer, Verdict } from './contract.ts'
import type { Cell, Row } from './table.ts'

/**
 * Plays every note with every peer. Where the lab fails its cell says so, `failed` is told, and all else is played: it
 * takes minutes.
 */
export async function playAll(
  notes: readonly Note[],
  peers: readonly Peer[],
  play: (note: Note, peer: Peer) => Promise<Verdict>,
  failed: (error: unknown) => void,
): Promise<Row[]> {
  // Not the peer's fault: a verdict that nobody reached must not stand beside those that were.
  const asError = (error: unknown): Cell => {
    failed(error)
    return { is: 'error', because: String(error).split('\n', 1).join() }
  }
  const rows: Row[] = []
  for (const note of notes) {
    const cells: Cell[] = []
    for (const peer of peers) cells.push(await play(note, peer).catch(asError))
    rows.push({ note, cells })
  }
  return rows
}
