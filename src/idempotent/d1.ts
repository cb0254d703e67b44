import type { Answer } from './memory.ts'
import { received } from './reply.ts'
import { expireSql, insertSql, keptIn, pruneSql, schema, selectSql, valuesOf } from './rows.ts'
import type { Attempt, KeptResponse, KeyId, Outcome, ResponseStore } from './store.ts'

/** A Worker may make its store anew for each request; the table need not be. */
const haveTable = new WeakSet<D1Database>()

/** What is used of a `D1PreparedStatement`. */
export interface D1Statement {
  bind(...values: unknown[]): D1Statement
  all(): Promise<{ readonly results: readonly unknown[] }>
}

/** What is used of a `D1Database`. */
export interface D1Database {
  prepare(sql: string): D1Statement
  batch(statements: D1Statement[]): Promise<unknown>
}

/** An answer, and the statements that are committed together with it. */
export interface AnswerWithStatements {
  readonly response: Answer
  /** What the request does, in this order: all of it, or nothing if one fails. */
  readonly statements: readonly D1Statement[]
}

/** What a handler answers with on D1. */
export type D1Answer = Answer | AnswerWithStatements

/**
 * Keeps the responses in Cloudflare D1, in the table `holdfast_responses`, which is made at the first request. The
 * handler gets the database as its `tx`, to read from it and to prepare statements; it may be asynchronous. What it
 * writes goes into `statements`: they are one `batch()` with the response, which D1 commits whole or not at all.
 *
 * Duplicates race: each runs the handler, the first to commit wins, and the others get its response. There is no lock
 * that a Worker could die with. So a handler must write nothing by itself, and what it read may have changed by the
 * time its statements run: put conditions into these (`UPDATE … WHERE stock > 0`, constraints), not before them.
 *
 * D1 takes rows of up to 2 MB: leave `maxResponseBytes` at its default, or below 2,000,000.
 *
 * @example
 * ```ts
 * import { idempotent } from 'holdfast/idempotent'
 * import { type D1Database, d1Responses } from 'holdfast/idempotent/d1'
 *
 * export function fetch(request: Request, env: { readonly DB: D1Database }): Promise<Response> {
 *   const order = idempotent(
 *     (request, db) => {
 *       const number = crypto.randomUUID()
 *       return {
 *         response: Response.json({ number }, { status: 201 }),
 *         statements: [db.prepare('INSERT INTO orders VALUES (?, ?)').bind(number, request.text())],
 *       }
 *     },
 *     { store: d1Responses(env.DB) },
 *   )
 *   return order(request)
 * }
 * ```
 */
export function d1Responses<Database extends D1Database>(
  database: Database,
): ResponseStore<Database, D1Answer | Promise<D1Answer>> {
  return { find, run }

  async function find({ principal, key }: KeyId, now: number): Promise<KeptResponse | undefined> {
    await makeTable()
    const { results } = await database.prepare(selectSql).bind(principal, key, now).all()
    return keptIn(results)
  }

  async function run(attempt: Attempt<Database, D1Answer | Promise<D1Answer>>): Promise<Outcome> {
    try {
      const { isFinal, response } = await attempted(attempt)
      if (isFinal) return { type: 'ran', response }
      // What the handler objects to may be what another of the same key has done.
      const kept = await winner(attempt)
      return kept === undefined ? { type: 'ran', response } : { type: 'kept', kept }
    } catch (error) {
      // As above; or this one was committed, and only D1's answer was lost.
      const kept = await winner(attempt).catch(() => undefined)
      if (kept === undefined) throw error
      return { type: 'kept', kept }
    }
  }

  async function attempted(attempt: Attempt<Database, D1Answer | Promise<D1Answer>>): Promise<Attempted> {
    const { response: given, statements } = withStatements(await attempt.handle(database))
    const { snapshot, response } = await received(given, attempt)
    const { isFinal, keep } = attempt.judge(snapshot)
    const all = isFinal ? [...keeping(attempt, keep), ...statements] : []
    if (all.length > 0) await database.batch(all)
    return { isFinal, response }
  }

  async function winner({
    id,
    now,
  }: Pick<Attempt<unknown, unknown>, 'id' | 'now'>): Promise<KeptResponse | undefined> {
    return id === undefined ? undefined : find(id, now)
  }

  /** The row goes first: where there is one already, the batch fails on it, and not on what the request does. */
  function keeping({ id, now }: { id: KeyId | undefined; now: number }, keep?: KeptResponse): D1Statement[] {
    if (id === undefined || keep === undefined) return []
    return [
      database.prepare(expireSql).bind(id.principal, id.key, now),
      database.prepare(insertSql).bind(...valuesOf(id, keep)),
      database.prepare(pruneSql).bind(now),
    ]
  }

  // Not one promise for all: a request must not wait for what another one's context does.
  async function makeTable(): Promise<void> {
    if (haveTable.has(database)) return
    await database.batch(schema.map((sql) => database.prepare(sql)))
    haveTable.add(database)
  }
}

interface Attempted {
  readonly isFinal: boolean
  readonly response: Response
}

function withStatements(answer: D1Answer): AnswerWithStatements {
  if (answer instanceof Response || !('statements' in answer)) return { response: answer, statements: [] }
  if (Array.isArray(answer.statements)) return answer
  throw new TypeError('Cannot answer: statements is not an array')
}
