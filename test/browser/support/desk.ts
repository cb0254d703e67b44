/** Runs inside a page, for the tests of HTTP jobs: the library, a queue of kept requests, and one of videos. */
import * as holdfast from 'holdfast'
import * as http from 'holdfast/http'
import { tusUpload } from 'holdfast/http/tus'
import { uploadFetch } from 'holdfast/http/upload'

interface Video {
  readonly file: File
}

type Requests = holdfast.Queue<{ readonly request: { payload: http.RequestPayload; result: undefined } }>
type Videos = holdfast.Queue<{ readonly upload: { payload: Video; result: { url: string } } }>

interface Desk {
  readonly http: typeof http
  readonly uploadFetch: typeof uploadFetch
  /** The queue that the service worker captures into. */
  readonly requests: Requests
  readonly videos: Videos
  /** Bytes that look like chance, the same each time, and their SHA-256 in hex. */
  noise(bytes: number): Promise<{ readonly blob: Blob; readonly sha256: string }>
  sha256(blob: Blob): Promise<string>
  /** Has the service worker run what is due. Resolves to how its drain ended. */
  drainWorker(): Promise<holdfast.DrainResult>
  readonly kept: Map<string, unknown>
}

declare global {
  var desk: Desk
}

let requests: Requests | undefined
let videos: Videos | undefined

function openRequests(): Requests {
  return holdfast.createQueue({ name: 'requests', handlers: { request: http.httpHandler() } })
}

function openVideos(): Videos {
  const upload = tusUpload<Video>({
    endpoint: '/files',
    metadata: ({ file: { name, type } }) => ({ filename: name, filetype: type }),
  })
  const tasks = holdfast.defineTasks({
    upload: holdfast.task<Video, { url: string }>({ retry: { baseMs: 20, capMs: 200 } }),
  })
  return holdfast.createQueue({ name: 'videos', tasks, handlers: { upload } })
}

globalThis.desk = {
  http,
  uploadFetch,
  get requests() {
    requests ??= openRequests()
    return requests
  },
  get videos() {
    videos ??= openVideos()
    return videos
  },
  async noise(bytes) {
    const words = new Uint32Array(bytes / 4)
    for (let place = 0, word = 1; place < words.length; place++) {
      word ^= word << 13
      word ^= word >>> 17
      word ^= word << 5
      words[place] = word
    }
    const blob = new Blob([words])
    return { blob, sha256: await sha256(blob) }
  },
  sha256,
  async drainWorker() {
    const { port1, port2 } = new MessageChannel()
    const drained = new Promise<holdfast.DrainResult>((resolve) => {
      port1.onmessage = ({ data }) => resolve(data)
    })
    navigator.serviceWorker.controller?.postMessage('drain', [port2])
    return drained
  },
  kept: new Map(),
}

async function sha256(blob: Blob): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
