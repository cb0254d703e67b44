/** The life of keys: whatever is sent, answered and thrown, in whatever order, the endpoint does as a simple model. */
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { d1InNode } from './d1-in-node.ts'
import { d1Peer, memoryPeer, sqlitePeer } from './peers.ts'
import { type Act, type Peer, post } from './suite.ts'

const keepMs = 100
const freeing: readonly number[] = [401, 408, 409, 425, 429, 500, 502, 503]
const statuses = [200, 201, 204, 303, 400, 404, 422, ...freeing]

const step = fc.record({
  key: fc.constantFrom('a', '"a"', 'b'),
  user: fc.constantFrom('ada', 'bob'),
  body: fc.constantFrom('one', 'two'),
  ends: fc.oneof(fc.constant('throw' as const), fc.constantFrom(...statuses)),
  afterMs: fc.oneof(fc.constant(0), fc.nat({ max: keepMs })),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Some peer, and its end. */
type Open = () => Promise<{ peer: Peer; close?: () => void }>

const opens: readonly (readonly [string, Open])[] = [
  ['memoryResponses', async () => ({ peer: memoryPeer() })],
  [
    'sqliteResponses',
    async () => {
      const database = new DatabaseSync(':memory:')
      const peer = sqlitePeer(database, (tx, sql, ...values) => tx.prepare(sql).all(...values))
      return { peer, close: () => database.close() }
    },
  ],
  [
    'd1Responses',
    async () => {
      const database = new DatabaseSync(':memory:')
      return { peer: await d1Peer(d1InNode(database)), close: () => database.close() }
    },
  ],
]

interface Kept {
  readonly body: string
  readonly status: number
  readonly text: string
  readonly expiresAt: number
}

/** What must come of one step after another. */
function createModel(undoes: boolean) {
  const kept = new Map<string, Kept>()
  const effects: string[] = []
  let runs = 0
  return {
    effects,
    expect({ key, user, body, ends }: Step, now: number): unknown {
      const id = `${user}/${key.replaceAll('"', '')}`
      const known = kept.get(id)
      if (known !== undefined && known.expiresAt > now) {
        return known.body === body ? [known.status, known.text, 'true'] : 422
      }
      runs += 1
      const isFinal = ends !== 'throw' && !freeing.includes(ends)
      if (isFinal || !undoes) effects.push(`run ${runs}`)
      if (ends === 'throw') return 'throw'
      const text = ends === 204 ? '' : `answer ${runs}`
      if (isFinal) kept.set(id, { body, status: ends, text, expiresAt: now + keepMs })
      return [ends, text, null]
    },
  }
}

function acting(): { act: () => Act; next: (ends: Step['ends']) => void } {
  let runs = 0
  let ends: Step['ends'] = 200
  const act = (): Act => {
    runs += 1
    const effect = `run ${runs}`
    if (ends === 'throw') return { effect, throws: new Error('as told') }
    return { effect, reply: { status: ends, body: ends === 204 ? null : `answer ${runs}` } }
  }
  return {
    act,
    next(how) {
      ends = how
    },
  }
}

async function told(answer: Promise<Response>): Promise<unknown> {
  const response = await answer.catch(() => undefined)
  if (response === undefined) return 'throw'
  const replayed = response.headers.get('idempotency-replayed')
  if (response.headers.get('content-type') === 'application/problem+json') return response.status
  return [response.status, await response.text(), replayed]
}

const principal = (request: Request): string | null => request.headers.get('x-user')

describe.each(opens)('on %s', (_, open) => {
  test('one after the other, requests get what the model says, and its effects', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { peer, close } = await open()
        let now = 1_000
        const { act, next } = acting()
        const endpoint = peer.endpoint({ act, principal, keepMs, now: () => now })
        const model = createModel(peer.undoes)
        for (const each of steps) {
          now += each.afterMs
          next(each.ends)
          const request = post(each.body, { key: each.key, headers: { 'x-user': each.user } })
          expect(await told(endpoint(request))).toEqual(model.expect(each, now))
        }
        expect(await peer.effects()).toEqual(model.effects)
        close?.()
      }),
    )
  })

  test('all at once, requests of a key take effect once, and get one answer', async () => {
    const ends = fc.array(fc.oneof(fc.constant('throw' as const), fc.constantFrom(...statuses)), {
      maxLength: 30,
    })
    const keys = fc.array(fc.constantFrom('a', '"a"', 'b'), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(keys, ends, async (sent, ways) => {
        const { peer, close } = await open()
        const { act, next } = acting()
        let runs = 0
        const endpoint = peer.endpoint({
          act: (request) => {
            next(ways[runs++] ?? 200)
            const { effect, ...rest } = act()
            return { effect: `${request.key}: ${effect}`, ...rest }
          },
        })
        const answers = await Promise.all(
          sent.map(
            async (key) => [key.replaceAll('"', ''), await told(endpoint(post('x', { key })))] as const,
          ),
        )
        for (const key of new Set(answers.map(([of]) => of))) {
          const finals = answers.flatMap(([of, answer]) =>
            of === key && Array.isArray(answer) && !freeing.includes(answer[0]) ? [answer] : [],
          )
          expect(new Set(finals.map(([status, text]) => `${status} ${text}`)).size).toBeLessThanOrEqual(1)
          const fresh = finals.filter(([, , replayed]) => replayed === null).length
          expect(fresh).toBe(finals.length > 0 ? 1 : 0)
          if (!peer.undoes) continue
          const effects = (await peer.effects()).filter((effect) => effect.startsWith(`${key}:`))
          expect(effects).toHaveLength(fresh)
        }
        close?.()
      }),
    )
  })
})
