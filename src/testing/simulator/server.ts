import { type Ack, createReceiver, memoryAcks, RejectAck, type Receiver } from '../../receiver/index.ts'
import { must } from './violation.ts'
import type { World } from './world.ts'

/** One acknowledgement as the application's server got it. */
export interface Delivery {
  readonly source: string
  readonly sequence: number
  readonly type: Ack['type']
}

/** The application's server: the real receiver, and a note of everything it was told. */
export class Server {
  readonly #world: World
  readonly #receive: Receiver
  readonly #last: Map<string, number> = new Map()
  /** By job and finish. */
  readonly deliveries: Map<string, Delivery[]> = new Map()
  /** Jobs whose acknowledgement any request with it is refused for. */
  readonly refused: Set<string> = new Set()
  /** Jobs whose acknowledgement is rejected for good. */
  readonly rejected: Set<string> = new Set()
  #cookie = ''
  /** Called before an acknowledgement is taken in. */
  check: (ack: Ack) => void = () => undefined

  constructor(world: World) {
    this.#world = world
    this.#receive = createReceiver({
      store: memoryAcks(),
      authenticate: (request) => request.headers.get('authorization'),
      onAck: (ack) => this.#onAck(ack),
    })
  }

  /** Whether it was told of any finish of this job. */
  knows(id: string): boolean {
    return [...this.deliveries.keys()].some((finish) => finish.startsWith(`${id}#`))
  }

  async answer(url: string, init: RequestInit): Promise<Response> {
    const { body = null, headers, method = 'GET' } = init
    if (typeof body === 'string' && this.#isRefused(body)) return new Response(null, { status: 422 })
    const request = new Request(url, { method, headers: new Headers(headers), body })
    if (this.#cookie !== '') request.headers.set('cookie', this.#cookie)
    const response = await this.#receive(request)
    this.#cookie = response.headers.get('set-cookie')?.split(';', 1)[0] ?? this.#cookie
    return response
  }

  #isRefused(body: string): boolean {
    return [...this.refused].some((id) => body.includes(`"subject":"${id}"`))
  }

  #onAck(ack: Ack): void {
    const { source, sequence, subject, type, data } = ack
    const world = this.#world
    if (world.isFaulty && world.random.chance(0.02)) {
      world.fault('receiver fails', ack.id)
      throw new Error('The simulated database is locked')
    }
    const last = this.#last.get(source) ?? 0
    const text = `${source} ${sequence}-${subject} finish ${data.finish}`
    must(sequence > last, '5: acknowledgements have no gap and no repeat', () => `${text} came after ${last}`)
    this.check(ack)
    this.#last.set(source, sequence)
    const key = `${subject}#${data.finish}`
    this.deliveries.set(key, [...(this.deliveries.get(key) ?? []), { source, sequence, type }])
    world.note(`server takes ${text} ${type}`)
    if (!this.rejected.has(subject)) return
    world.fault('acknowledgement rejected', ack.id)
    throw new RejectAck('unwanted', `Nothing is to be known of ${subject}`)
  }
}
