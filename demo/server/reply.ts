import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a route answers with. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** A failure as RFC 9457 has it. */
export function problem(status: number, title: string, headers: Record<string, string> = {}): Reply {
  return json(status, { title, status }, { ...headers, 'content-type': 'application/problem+json' })
}

export function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  response.writeHead(status, headers)
  response.end(body)
}

/**
 * Reads a request to its end without keeping it: a browser that is still sending when it is refused sees a broken
 * connection instead of the status.
 */
export async function discard(request: IncomingMessage): Promise<void> {
  for await (const chunk of request) void chunk
}

/** The small JSON object a request carries; `undefined` if it is none. */
export async function readObject(request: IncomingMessage): Promise<object | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= 65_536) chunks.push(chunk)
  }
  if (length > 65_536) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
