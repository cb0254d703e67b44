import { decodeEntry, loadState } from '../../machine/codec.ts'
import { State } from '../../machine/state.ts'
import type { Entry } from '../../store/contract.ts'
import type { DiskLog } from './disk.ts'
import type { Model } from './model.ts'
import type { ModelJob } from './rows.ts'
import { must } from './violation.ts'

/** A state's rows: of each table, by key. Rows are immutable, so this is a snapshot. */
type Level = readonly ReadonlyMap<string, unknown>[]

const anyFold = '6: any way of folding gives the same state'

/** One log, folded once from its beginning: what every replica and every checkpoint must come to. */
export class Levels {
  readonly #reference: State = new State()
  /** By sequence; none where one was used up by a draft that came too late. */
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
    this.#levels[entry.seq] = levelOf(this.#reference)
  }

  /** Whether a replica's state is what the log says up to its position. */
  checkReplica(name: string, state: State): void {
    const level = this.#levels[state.seq]
    must(level !== undefined, anyFold, () => `${name} is at ${state.seq}, which no entry has`)
    compare(`${name} at ${state.seq}`, level, state)
  }

  /** Whether loading the checkpoint and the rest gives what folding everything gave. */
  checkLoad({ id, mark, pages, entries: left }: DiskLog): void {
    const entries = left.filter(({ seq }) => seq > mark)
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
      const job = found(state, expected.id)
      const wrong = counted.find((name) => job[name] !== expected[name])
      if (wrong === undefined) continue
      const text = `job ${expected.id} has the ${wrong} ${job[wrong]}, expected ${expected[wrong]}`
      must(false, exact, () => text)
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

const counted = [
  'state',
  'attempt',
  'epoch',
  'errors',
  'crashes',
  'releases',
  'fruitless',
  'finish',
  'revision',
  'order',
  'reason',
  'worker',
  'checkpoint',
  'isBeside',
  'isCancelRequested',
] as const

type Counted = Pick<ModelJob, (typeof counted)[number]>

function found(state: State, id: string): Counted {
  const job = state.jobs.get(id)
  if (job === undefined) throw new RangeError(`there is no job ${id} in the folded state`)
  const { attempt, epoch, errors, revision, order, reason, checkpoint } = job
  return {
    ...{ state: job.state, attempt, epoch, errors, revision, order, reason, checkpoint },
    crashes: job.crashes ?? 0,
    releases: job.releases ?? 0,
    fruitless: job.fruitless ?? 0,
    finish: job.finish ?? 0,
    worker: job.run?.worker,
    isBeside: job.beside !== undefined,
    isCancelRequested: job.cancelRequested ?? false,
  }
}

function levelOf(state: State): Level {
  return state.tables.map((table) => {
    const rows = new Map<string, unknown>()
    for (const number of table.pageNumbers()) for (const [key, row] of table.page(number)) rows.set(key, row)
    return rows
  })
}

function compare(what: string, expected: Level, state: State): void {
  state.tables.forEach((table, place) => {
    const rows = expected[place]
    let count = 0
    for (const number of table.pageNumbers()) {
      for (const [key, row] of table.page(number)) {
        count++
        const other = rows?.get(key)
        const text = (): string =>
          `${what}: ${table.name} has ${key}: ${JSON.stringify(row)}, expected ${JSON.stringify(other)}`
        must(isSameRow(row, other), anyFold, text)
      }
    }
    must(
      count === rows?.size,
      anyFold,
      () => `${what}: ${table.name} has ${count} rows, expected ${rows?.size}`,
    )
  })
}

/** By row: the one it was last found to be the same as. Rows are immutable, so that stays so. */
const sames = new WeakMap<object, object>()

function isSameRow(row: unknown, other: unknown): boolean {
  if (!isRecord(row) || !isRecord(other)) return row === other
  if (row === other || sames.get(row) === other) return true
  if (!isSame(row, other)) return false
  sames.set(row, other)
  return true
}

/** Whether two values say the same, in whatever order; what is `undefined` says nothing. */
function isSame(one: unknown, other: unknown): boolean {
  if (!isRecord(one) || !isRecord(other)) return one === other
  return isWithin(one, other) && isWithin(other, one)
}

function isWithin(one: object, other: object): boolean {
  for (const key of Object.keys(one))
    if (!isSame(Reflect.get(one, key), Reflect.get(other, key))) return false
  return true
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
