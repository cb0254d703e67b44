import type { Decide, Draft, Entry, Missed, Page, Position, Snapshot } from '../../store/contract.ts'
import { logBehind, logReplaced } from '../../store/failures.ts'

/** Who watches what becomes durable: the oracle. */
export interface DiskWatcher {
  /** `byes` are those that lay there before. */
  appended(entry: Entry, draft: Draft, byes: ReadonlySet<string>, log: DiskLog): void
  checkpointed(log: DiskLog): void
  /** A draft is handed to the store; it may come to nothing. */
  drafted(draft: Draft): void
  created(log: DiskLog): void
}

/** One log with what lies beside it, as it is on the disk. */
export interface DiskLog {
  readonly id: string
  mark: number
  /** Up to where the log was dropped. */
  floor: number
  /** The last sequence that was used, be it by a draft that came too late. */
  head: number
  readonly entries: Entry[]
  readonly pages: Map<string, string>
  readonly payloads: Map<string, unknown>
  readonly byes: Set<string>
}

/** What all handles share. Every method is one atomic step. */
export class Disk {
  readonly identity: string
  readonly #watcher: DiskWatcher
  #made = 0
  #log: DiskLog | undefined

  constructor(identity: string, watcher: DiskWatcher) {
    this.identity = identity
    this.#watcher = watcher
  }

  /** The log, made when there is none. */
  get log(): DiskLog {
    if (this.#log !== undefined) return this.#log
    this.#made++
    const log: DiskLog = {
      id: `log${this.#made}`,
      mark: 0,
      floor: 0,
      head: 0,
      entries: [],
      pages: new Map(),
      payloads: new Map(),
      byes: new Set(),
    }
    this.#log = log
    this.#watcher.created(log)
    return log
  }

  get head(): number {
    return this.log.head
  }

  destroy(): void {
    this.#log = undefined
  }

  load(): Snapshot {
    const { id, mark, pages, entries, byes } = this.log
    return {
      log: id,
      mark,
      pages: [...pages].map(([page, body]) => ({ id: page, body })),
      entries: entries.filter(({ seq }) => seq > mark),
      byes: [...byes],
    }
  }

  isAt(after: Position): boolean {
    return after.log === this.log.id && after.seq === this.head
  }

  read(after: Position): Missed {
    const { log, identity } = this
    if (after.log !== log.id || after.seq > this.head) throw logReplaced(identity)
    if (after.seq < log.floor) throw logBehind(identity, after.seq, log.floor)
    return { entries: log.entries.filter(({ seq }) => seq > after.seq), byes: [...log.byes] }
  }

  draft(decide: Decide, missed: Missed): Draft | undefined {
    const draft = decide(missed)
    if (draft !== undefined) this.#watcher.drafted(draft)
    return draft
  }

  append(draft: Draft): number {
    const { log } = this
    const byes = new Set(log.byes)
    const entry = { seq: ++log.head, id: draft.id, body: draft.body }
    for (const { id, value } of draft.put ?? []) log.payloads.set(id, structuredClone(value))
    for (const id of draft.delete ?? []) log.payloads.delete(id)
    for (const worker of draft.forget ?? []) log.byes.delete(worker)
    log.entries.push(entry)
    this.#watcher.appended(entry, draft, byes, log)
    return entry.seq
  }

  /** A draft that came too late uses up a sequence where it is alone, as in IndexedDB. Returns whether it did. */
  refuse(after: Position, { put = [], delete: drop = [], forget = [] }: Draft): boolean {
    const isAlone = put.length + drop.length + forget.length === 0
    if (!isAlone || after.log !== this.log.id) return false
    this.log.head++
    return true
  }

  checkpoint(through: Position, pages: readonly Page[], floor: number = through.seq): boolean {
    const { log } = this
    if (through.log !== log.id || through.seq <= log.mark || through.seq > this.head) return false
    for (const { id, body } of pages) {
      if (body === '') log.pages.delete(id)
      else log.pages.set(id, body)
    }
    log.mark = through.seq
    log.floor = Math.max(log.floor, Math.min(floor, log.mark))
    log.entries.splice(0, log.entries.filter(({ seq }) => seq <= log.floor).length)
    this.#watcher.checkpointed(log)
    return true
  }
}
