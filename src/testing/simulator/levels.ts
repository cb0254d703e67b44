import { decodeEntry, loadState } from '../../machine/codec.ts'
import { State } from '../../machine/state.ts'
import type { Entry } from '../../store/contract.ts'
import type { DiskLog } from './disk.ts'
import type { Model, ModelJob } from './model.ts'
import { must } from './violation.ts'

/** A state's rows: of each table, by key. Rows are immutable, so this is a snapshot. */
type Level = readonly ReadonlyMap<string, unknown>[]

const anyFold = '6: any way of folding gives the same state'

/** One log, folded once from its beginning: what every replica and every checkpoint must come to. */
export class Levels {
  readonly #reference: State = new State()
  /** By sequence. */
  readonly #levels: Level[]

  constructor(log: string) {
    this.#reference.begin(log, 0)
    this.#levels = [levelOf(this.#reference)]
  }

  get state(): State {
    return this.#reference
  }

  append(entry: Entry): void {
    this.#reference.apply(decodeEntry(entry))
    this.#levels.push(levelOf(this.#reference))
  }

  /** Whether a replica's state is what the log says up to its position. */
  checkReplica(name: string, state: State): void {
    const level = this.#levels[state.seq]
    must(level !== undefined, anyFold, () => `${name} is at ${state.seq}, past the log's head`)
    compare(`${name} at ${state.seq}`, level, state)
  }

  /** Whether loading the checkpoint and the rest gives what folding everything gave. */
  checkLoad({ id, mark, pages, entries }: DiskLog): void {
    const snapshot = { log: id, mark, pages: [...pages].map(([page, body]) => ({ id: page, body })), entries }
    compare(`the checkpoint at ${mark} and the rest`, this.#levels.at(-1) ?? [], loadState(snapshot, 0))
  }

  /** Whether the oracle's own fold counts as the queue's does. */
  checkModel({ jobs, outboxes }: Model): void {
    const state = this.#reference
    const exact = '4: counters are exact'
    must(
      jobs.size === state.jobs.size,
      exact,
      () => `there are ${state.jobs.size} jobs, expected ${jobs.size}`,
    )
    for (const expected of jobs.values()) {
      const [job, other] = [countersOf(expected), countersOf(found(state, expected.id))]
      must(job === other, exact, () => `job ${expected.id} has ${other}, expected ${job}`)
    }
    for (const [owner, { last, acked, queued }] of outboxes) {
      const outbox = state.outboxes.get(owner)
      const sequences = [...state.acks.values()].filter((ack) => ack.owner === owner)
      const said = sequences.map((ack) => `${ack.sequence}:${ack.id}#${ack.finish}`).sort()
      const expected = [...queued].map(([sequence, finish]) => `${sequence}:${finish}`).sort()
      const [one, two] = [
        `${outbox?.last} ${outbox?.acked} ${said.join()}`,
        `${last} ${acked} ${expected.join()}`,
      ]
      const gapless = '5: acknowledgements have no gap and no repeat'
      must(one === two, gapless, () => `the outbox of "${owner}" has ${one}, expected ${two}`)
    }
  }
}

type Counted = Omit<ModelJob, 'key' | 'dedupeKey' | 'isOnce' | 'best' | 'blocks' | 'writer'>

function countersOf(job: Counted): string {
  const { state, attempt, epoch, errors, crashes, releases, fruitless, finish, revision, reason, worker } =
    job
  const counted = {
    state,
    attempt,
    epoch,
    errors,
    crashes,
    releases,
    fruitless,
    finish,
    revision,
    reason,
    worker,
  }
  return JSON.stringify({
    ...counted,
    order: job.order,
    isBeside: job.isBeside,
    asked: job.isCancelRequested,
  })
}

function found(state: State, id: string): Counted {
  const job = state.jobs.get(id)
  if (job === undefined) throw new RangeError(`there is no job ${id} in the folded state`)
  const {
    crashes = 0,
    releases = 0,
    fruitless = 0,
    finish = 0,
    run,
    reason,
    cancelRequested = false,
    beside,
  } = job
  return {
    ...{ ...job, crashes, releases, fruitless, finish, reason },
    ...{ worker: run?.worker, isBeside: beside !== undefined, isCancelRequested: cancelRequested },
  }
}

function levelOf(state: State): Level {
  return state.tables.map((table) => new Map(table.pageNumbers().flatMap((number) => table.page(number))))
}

function compare(what: string, expected: Level, state: State): void {
  state.tables.forEach((table, place) => {
    const rows = expected[place]
    let count = 0
    for (const number of table.pageNumbers()) {
      for (const [key, row] of table.page(number)) {
        count++
        const other = rows?.get(key)
        if (other === row) continue
        must(
          other !== undefined,
          anyFold,
          () => `${what}: ${table.name} has ${key}: ${textOf(row)}, expected none`,
        )
        const [one, two] = [textOf(row), textOf(other)]
        must(one === two, anyFold, () => `${what}: ${table.name} has ${key}: ${one}, expected ${two}`)
      }
    }
    must(
      count === rows?.size,
      anyFold,
      () => `${what}: ${table.name} has ${count} rows, expected ${rows?.size}`,
    )
  })
}

const texts = new WeakMap<object, string>()

/** The same for rows that say the same, in whatever order; made once for each row. */
function textOf(row: unknown): string {
  if (typeof row !== 'object' || row === null) return String(row)
  const known = texts.get(row)
  if (known !== undefined) return known
  const text = JSON.stringify(row, (_, value: unknown) => (isRecord(value) ? sorted(value) : value))
  texts.set(row, text)
  return text
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
