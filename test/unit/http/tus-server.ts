import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

/** One request as the server got it: of a body that was cut off, what arrived. */
export interface Received {
  readonly method: string
  readonly upload: string
  readonly headers: IncomingMessage['headers']
  bytes: number
}

export interface TusServer {
  /** Where uploads are created. */
  readonly endpoint: string
  readonly received: readonly Received[]
  /** Asked before each request: answers it, if it returns true. `nth` counts those of its method, from 1. */
  intercept: (request: IncomingMessage, response: ServerResponse, nth: number) => boolean
  /** SHA-256 of what is on the server's disk, in hex. */
  sha256(upload: string): Promise<string>
  /** What the server was told of the file. */
  metadata(upload: string): Promise<Record<string, string | null> | undefined>
  close(): Promise<void>
}

export interface TusServerOptions {
  /** Answers everything else. */
  readonly otherwise?: (request: IncomingMessage, response: ServerResponse) => void
  readonly port?: number
}

/** A real tus server on loopback, with its files in a folder of its own. */
export async function tusServer({ otherwise, port = 0 }: TusServerOptions = {}): Promise<TusServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tus-'))
  const directory = join(folder, 'files')
  const datastore = new FileStore({ directory })
  // It makes its folder in its own time, and a short test may be over before.
  while (!existsSync(directory)) await new Promise((resolve) => setImmediate(resolve))
  const tus = new Server({ path: '/files', datastore, relativeLocation: true })
  const received: Received[] = []
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/files')) return otherwise?.(request, response)
    const { method = '', headers } = request
    const seen: Received = { method, upload: request.url.slice('/files/'.length), headers, bytes: 0 }
    received.push(seen)
    // Listening for its data would have it flow before the tus server reads it.
    const push = request.push.bind(request)
    request.push = (chunk: Buffer | null, encoding) => {
      seen.bytes += chunk?.length ?? 0
      return push(chunk, encoding)
    }
    const nth = received.filter((other) => other.method === method).length
    if (!served.intercept(request, response, nth)) void tus.handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const served: TusServer = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`,
    received,
    intercept: () => false,
    async sha256(upload) {
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(join(directory, upload))) hash.update(chunk)
      return hash.digest('hex')
    },
    metadata: async (upload) => (await datastore.getUpload(upload)).metadata,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return served
}
