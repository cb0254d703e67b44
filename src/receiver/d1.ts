import { recordOf, rowOf, schema, select } from './row.ts'
import type { AckStore, Settlement, SourceRecord } from './store.ts'

/** What is used of a prepared statement of D1. */
export interface D1Statement {
  bind(...values: unknown[]): D1Statement
  all(): Promise<{ readonly results: readonly unknown[] }>
}

/** What is used of a D1 database, or of a session with one. */
export interface D1Database {
  prepare(sql: string): D1Statement
  batch(statements: D1Statement[]): Promise<unknown>
}

/** What `onAck` may return: the statements that are its effect. */
// biome-ignore lint/suspicious/noConfusingVoidType: of a function that returns nothing
export type D1Effect = D1Statement | readonly D1Statement[] | null | undefined | void

/** From so many statements on, an effect ends its batch. D1 names no limit, but counts and times what a batch runs. */
const manyStatements = 100

/**
 * The row, unless its mark is no longer the one that was read (`?6`): that breaks NOT NULL, and with it the batch.
 * `UPDATE … WHERE mark = ?` would only change nothing, and let the statements beside it through.
 */
const guarded = `INSERT OR REPLACE INTO holdfast_sources VALUES (?1, ?2,
  CASE WHEN (SELECT mark FROM holdfast_sources WHERE source = ?1) IS ?6 THEN ?3 END, ?4, ?5)`

/**
 * Keeps the marks in D1, in the table `holdfast_sources`, made when it is missing. D1 has no transaction to run
 * `onAck` in: it **returns** what it would have written, as prepared statements (one, an array, or nothing). They go
 * into one `batch()` with the mark, so they happen once, or not at all when another request was faster.
 *
 * `onAck` may be asynchronous. It may be called several times for one acknowledgement, so what it does itself may
 * happen several times. `RejectAck` has to be thrown: a statement that fails is answered 503, as anything else thrown
 * is, after what came before was settled.
 *
 * Each statement counts toward the queries of a Worker's invocation, which are limited (50 on the free plan, 1 000 on
 * the paid one): have the receiver's `maxBatch` leave room, and devices will send less at once.
 *
 * @example
 * ```ts
 * import { createReceiver } from 'holdfast/receiver'
 * import { type D1Database, d1Acks } from 'holdfast/receiver/d1'
 *
 * const worker = {
 *   fetch(request: Request, env: { readonly DB: D1Database }): Promise<Response> {
 *     const insert = env.DB.prepare('INSERT OR REPLACE INTO uploads VALUES (?, ?)')
 *     const receive = createReceiver({
 *       store: d1Acks(env.DB),
 *       authenticate: () => 'me',
 *       onAck: (ack) => insert.bind(ack.subject, ack.principal),
 *     })
 *     return receive(request)
 *   },
 * }
 * export { worker as default }
 * ```
 */
export function d1Acks<Database extends D1Database>(
  database: Database,
): AckStore<Database, D1Effect | Promise<D1Effect>> {
  return {
    async settle(source, decide) {
      let atOnce = Number.POSITIVE_INFINITY
      for (;;) {
        const known = await read(database, source)
        const settlement = decide(known)
        const outcome = await perform(settlement, database, batchOf(database, source, known), atOnce)
        if ('result' in outcome) return outcome.result
        atOnce = outcome.atOnce
      }
    },
  }
}

type Answer = D1Effect | Promise<D1Effect>

/** To be decided again, with at most so many effects in a batch. */
interface Again {
  readonly atOnce: number
}

interface Thrown {
  readonly error: unknown
}

interface Failure extends Thrown {
  /** Another request came between; or this one's answer was lost, and all is well. */
  readonly moved: boolean
  /** How many effects were in the batch. */
  readonly effects: number
}

async function perform<Tx, Result>(
  settlement: Settlement<Tx, Answer, Result>,
  tx: Tx,
  batch: Batch,
  atOnce: number,
): Promise<Again | { readonly result: Result }> {
  let step = settlement.next()
  while (step.done !== true) {
    const { effect, record } = step.value
    let thrown = await batch.add(() => effect(tx))
    if (thrown === undefined && batch.isFull(atOnce)) {
      const failure = await batch.commit(record)
      if (failure && (failure.moved || failure.effects > 1)) return again(failure, atOnce)
      thrown = failure
    }
    step = thrown ? settlement.throw(thrown.error) : settlement.next()
  }
  const { record, result } = step.value
  const failure = record && (await batch.commit(record))
  return failure ? again(failure, atOnce) : { result }
}

/** A batch does not say which of its statements failed: smaller ones find out, and settle what comes before it. */
function again({ moved, effects, error }: Failure, atOnce: number): Again {
  if (moved) return { atOnce }
  if (effects === 0) throw error
  return { atOnce: Math.ceil(effects / 2) }
}

/** What is going to be committed of one source, onto the record that was read. */
interface Batch {
  /** Calls `prepare`, and takes its statements in; returns what it threw. */
  add(prepare: () => Answer): Promise<Thrown | undefined>
  isFull(atOnce: number): boolean
  /** Commits what was taken in with the record that counts it. It is empty afterwards, also when that failed. */
  commit(record: SourceRecord): Promise<Failure | undefined>
}

function batchOf(database: D1Database, source: string, known: SourceRecord | undefined): Batch {
  let statements: D1Statement[] = []
  let effects = 0
  let mark = known?.mark
  return {
    async add(prepare) {
      let answer: D1Effect
      try {
        answer = await prepare()
      } catch (error) {
        return { error }
      }
      statements.push(...statementsOf(answer))
      effects += 1
      return undefined
    },
    isFull: (atOnce) => effects >= atOnce || statements.length >= manyStatements,
    async commit(record) {
      if (record.mark === mark) return undefined
      const row = database.prepare(guarded).bind(...rowOf(source, record), mark ?? null)
      const [all, held] = [[row, ...statements], effects]
      statements = []
      effects = 0
      try {
        await database.batch(all)
        mark = record.mark
        return undefined
      } catch (error) {
        return { error, effects: held, moved: (await read(database, source))?.mark !== mark }
      }
    },
  }
}

function statementsOf(answer: unknown): readonly D1Statement[] {
  const list: readonly unknown[] = Array.isArray(answer) ? answer : answer == null ? [] : [answer]
  if (list.every(isStatement)) return list
  throw new TypeError('Cannot settle: onAck returned something else than statements prepared on D1')
}

function isStatement(value: unknown): value is D1Statement {
  return typeof value === 'object' && value !== null && 'bind' in value
}

async function read(database: D1Database, source: string): Promise<SourceRecord | undefined> {
  const find = database.prepare(select).bind(source)
  const { results } = await find.all().catch(async () => {
    // Most likely the table is missing; if it is anything else, it shows again.
    await database.prepare(schema).all()
    return find.all()
  })
  return recordOf(results[0])
}
