import type { CDPSession } from 'playwright-core'

type Send = CDPSession['send']

/** One end of the protocol: a tab, a worker, or the browser itself. */
export interface Session {
  readonly send: Send
}

/** Something that the browser told. */
export interface DevToolsEvent {
  readonly method: string
  readonly params: unknown
  /** Whose event it is; `undefined`: the browser's own. */
  readonly session: string | undefined
}

/** A connection by Chromium's DevTools protocol. */
export interface DevTools {
  session(id?: string): Session
  /** What was asked and is not answered yet. */
  unanswered(): string[]
}

interface Asked {
  readonly what: string
  readonly session: string | undefined
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

/**
 * Connects, without what a driver of browsers does by itself: among that is the word to every tab that it is in front, and
 * then none could be frozen.
 */
export async function connect(endpoint: string, heard: (event: DevToolsEvent) => void): Promise<DevTools> {
  const socket = new WebSocket(endpoint)
  const asked = new Map<number, Asked>()
  let count = 0

  const giveUp = (session: string | undefined, why: string): void => {
    for (const [id, { what, reject, ...each }] of asked) {
      if (session !== undefined && each.session !== session) continue
      asked.delete(id)
      reject(new Error(`${what} was not answered: ${why}`))
    }
  }
  socket.addEventListener('message', ({ data }) => {
    const told = toldBy(String(data))
    if ('method' in told) {
      if (told.method === 'Target.detachedFromTarget')
        giveUp(field(told.params, 'sessionId'), 'its target is gone')
      return heard(told)
    }
    const waiting = asked.get(told.id)
    asked.delete(told.id)
    if (told.error === undefined) waiting?.resolve(told.result as never)
    else waiting?.reject(new Error(`${waiting.what} failed: ${told.error}`))
  })
  socket.addEventListener('close', () => giveUp(undefined, 'the browser is gone'))
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error(`Cannot connect to ${endpoint}`)))
  })
  return {
    unanswered: () =>
      [...asked.values()].map(({ what, session }) => `${what} of ${session ?? 'the browser'}`),
    session: (session) => ({
      send: (method, params) =>
        new Promise((resolve, reject) => {
          count += 1
          asked.set(count, { what: method, session, resolve, reject })
          socket.send(JSON.stringify({ id: count, method, params, sessionId: session }))
        }),
    }),
  }
}

type Answer = { readonly id: number; readonly result: unknown; readonly error: string | undefined }

function toldBy(text: string): DevToolsEvent | Answer {
  const message: unknown = JSON.parse(text)
  const [id, method] = [member(message, 'id'), member(message, 'method')]
  if (typeof id === 'number') {
    return { id, result: member(message, 'result'), error: field(member(message, 'error'), 'message') }
  }
  if (typeof method !== 'string') throw new TypeError(`Cannot understand Chromium: ${text}`)
  return { method, params: member(message, 'params'), session: field(message, 'sessionId') }
}

/** A member of what came over the wire. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** A member that is text. */
export function field(value: unknown, name: string): string | undefined {
  const found = member(value, name)
  return typeof found === 'string' ? found : undefined
}
