import type { JobContext } from '../../types.ts'
import type { HeadersSource } from '../handler.ts'

/** Options of {@link tusUpload}. */
export interface TusOptions<Payload> {
  /** Where uploads are created. */
  readonly endpoint: string | ((payload: Payload, job: JobContext) => string)
  /** The file, of a payload that has it elsewhere than in `file`. */
  readonly file?: (payload: Payload) => Blob
  /** What the server is told of the file: its name, its type. Any text. @default none */
  readonly metadata?: (payload: Payload) => Readonly<Record<string, string>>
  /** How much one request sends (bytes): what is sent twice at the most, should the page die. @default 5_242_880 (5 MiB) */
  readonly chunkBytes?: number
  /** Added to each request. A function is called before each attempt. */
  readonly headers?: HeadersSource<Payload>
  /** A running job that is cancelled asks the server to delete what it has. @default false */
  readonly terminate?: boolean
  /** @default globalThis.fetch */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}
