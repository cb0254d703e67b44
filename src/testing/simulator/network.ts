import type { NetworkFaults } from './profile.ts'
import type { Server } from './server.ts'
import type { Mortal, World } from './world.ts'

type Fault = keyof NetworkFaults

/** How a `fetch` ends. */
interface Exchange {
  readonly resolve: (response: Response) => void
  readonly reject: (error: unknown) => void
}

/** What lies between contexts and the server: it loses, repeats, delays, and answers for itself. */
export class Network {
  readonly #world: World
  readonly #server: Server
  readonly #faults: NetworkFaults
  isDown = false
  /** Until then it fails, whatever else has been healed. */
  failsUntil = 0

  constructor(world: World, server: Server, faults: NetworkFaults) {
    this.#world = world
    this.#server = server
    this.#faults = faults
  }

  /** One context's `fetch`. */
  of(whom: Mortal): (url: string, init: RequestInit) => Promise<Response> {
    return (url, init) =>
      new Promise((resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true })
        // Sent is sent: the request travels whatever becomes of its sender.
        const send = (): void => this.#travel(whom, url, init, { resolve, reject })
        this.#world.later(undefined, `${whom.name} request ${init.method}`, this.#latency(), send)
      })
  }

  #travel(whom: Mortal, url: string, init: RequestInit, exchange: Exchange): void {
    const fault = this.#draw(init)
    if (fault !== undefined) this.#world.fault(fault, whom.name)
    const answer = fault && answers[fault]
    if (this.isDown || fault === 'lost request') this.#fail(whom, exchange)
    else if (answer) this.#bring(whom, exchange, answer(this.#world.random.between(0, 90)), 0)
    else this.#deliver(whom, url, init, exchange, fault)
  }

  #deliver(whom: Mortal, url: string, init: RequestInit, exchange: Exchange, fault: Fault | undefined): void {
    if (fault === 'duplicated request') {
      const again = (): void => this.#reach(url, init, () => undefined)
      this.#world.later(undefined, `${whom.name} request again`, this.#world.random.below(90_000), again)
    }
    this.#reach(url, init, (response) => {
      const lateMs = fault === 'late response' ? this.#world.random.between(1_000, 60_000) : 0
      if (fault === 'lost response') this.#fail(whom, exchange)
      else this.#bring(whom, exchange, response, lateMs)
    })
  }

  #reach(url: string, init: RequestInit, then: (response: Response) => void): void {
    this.#server.answer(url, init).then(then, (error: unknown) => {
      this.#world.broken ??= error
    })
  }

  #bring(whom: Mortal, { resolve }: Exchange, response: Response, lateMs: number): void {
    const label = `${whom.name} response ${response.status}`
    this.#world.later(whom, label, this.#latency() + lateMs, () => resolve(response))
  }

  #fail(whom: Mortal, { reject }: Exchange): void {
    const failed = (): void => reject(new TypeError('fetch failed'))
    this.#world.later(whom, `${whom.name} response lost`, this.#world.random.pick([0, 100, 40_000]), failed)
  }

  #draw({ method }: RequestInit): Fault | undefined {
    const { isFaulty, random } = this.#world
    if ((!isFaulty && this.#world.now >= this.failsUntil) || this.isDown) return undefined
    const names = Object.keys(this.#faults) as Fault[]
    const fault = names.find((name) => random.chance(this.#faults[name]))
    return method === 'HEAD' && fault !== 'lost request' ? undefined : fault
  }

  #latency(): number {
    const { random } = this.#world
    return random.chance(0.5) ? 0 : random.below(300)
  }
}

const answers: Partial<Record<Fault, (seconds: number) => Response>> = {
  'answered 500': () => new Response('oops', { status: 500 }),
  'answered 503': (seconds) => waiting(503, seconds),
  'answered 429': (seconds) => waiting(429, seconds),
  'answered 401': () => new Response(null, { status: 401 }),
  'captive portal': () => new Response('<html>Welcome to the airport</html>', { status: 200 }),
}

function waiting(status: number, seconds: number): Response {
  return new Response(null, { status, headers: seconds % 2 === 0 ? { 'retry-after': String(seconds) } : {} })
}
