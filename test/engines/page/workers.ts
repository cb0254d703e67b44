/** `host`: the service worker of the page's folder, which hosts the queue; see hosts.ts. */
export type WorkerKind = 'dedicated' | 'shared' | 'service' | 'host'

/** Workers that have the same script as the page, and do what the page has them do. */
export interface Workers {
  /**
   * Runs `source` in the one worker of this kind, which is started if there is none. Rejects where it does not answer
   * within `patienceMs`: browsers stop service workers without a word, and with them what they were asked.
   */
  run(kind: WorkerKind, source: string, patienceMs?: number): Promise<unknown>
  /** Ends the dedicated worker, whatever it is doing. */
  terminate(): void
}

type Post = (message: string, transfer: Transferable[]) => void

const script = '/page.js'

export function createWorkers(): Workers {
  let dedicated: Worker | undefined
  const find: Record<WorkerKind, () => Promise<Post>> = {
    async dedicated() {
      const worker = dedicated ?? new Worker(script)
      dedicated = worker
      return (message, transfer) => worker.postMessage(message, transfer)
    },
    async shared() {
      const { port } = new SharedWorker(script)
      port.start()
      return (message, transfer) => port.postMessage(message, transfer)
    },
    async service() {
      await navigator.serviceWorker.register(script)
      const { active } = await navigator.serviceWorker.ready
      if (active === null) throw new Error('There is no service worker')
      return (message, transfer) => active.postMessage(message, transfer)
    },
    async host() {
      const active = (await navigator.serviceWorker.getRegistration())?.active
      if (!active) throw new Error('There is no service worker')
      return (message, transfer) => active.postMessage(message, transfer)
    },
  }
  return {
    async run(kind, source, patienceMs) {
      const post = await find[kind]()
      const { port1, port2 } = new MessageChannel()
      return new Promise((resolve, reject) => {
        port1.onmessage = ({ data: { value, error } }) => {
          port1.close()
          if (error === undefined) resolve(value)
          else reject(new Error(error))
        }
        post(source, [port2])
        if (patienceMs !== undefined) {
          setTimeout(
            () => reject(new Error(`The ${kind} worker did not answer in ${patienceMs} ms`)),
            patienceMs,
          )
        }
      })
    },
    terminate() {
      dedicated?.terminate()
      dedicated = undefined
    },
  }
}

/** The worker's end. */
export function obeyPages(): void {
  const obey = ({ data, ports }: MessageEvent): void => {
    // What is no order is for the host.
    if (typeof data !== 'string') return
    const outcome = new Promise((resolve) => resolve(new Function(`return ${data}`)())).then(
      (value) => ({ value }),
      (error: unknown) => ({ error: String(error) }),
    )
    const answered = outcome.then((answer) => ports[0]?.postMessage(answer))
    answered.catch(console.error)
  }
  addEventListener('message', obey)
  addEventListener('connect', (event) => {
    const [port] = event instanceof MessageEvent ? event.ports : []
    if (port !== undefined) port.onmessage = obey
  })
}
