import type { CommitOptions, Decide, Draft, Missed, Position, Store } from '../../store/contract.ts'
import { closedStore } from '../../store/failures.ts'
import type { Disk } from './disk.ts'
import type { Engine } from './engine.ts'
import type { StoreFaults } from './profile.ts'
import { failed, full, grows } from './refusals.ts'
import type { Mortal } from './world.ts'

/** What goes wrong with one call of a store. */
type Fault = keyof StoreFaults

const nothing: Missed = { entries: [], byes: [] }

interface Call {
  readonly method: string
  readonly what: string
  readonly fault: Fault | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** One context's handle: every call waits to be chosen before it is done, and again before it is answered. */
export class SimulatedStore implements Store {
  readonly identity: string
  readonly maxEntryBytes: number = 2 ** 23
  readonly exclusive = false
  readonly durable = true
  readonly #engine: Engine
  readonly #whom: Mortal
  #isClosed = false

  constructor(engine: Engine, whom: Mortal) {
    this.#engine = engine
    this.#whom = whom
    this.identity = engine.disk.identity
  }

  load(): ReturnType<Store['load']> {
    return this.#simple('load', (disk) => disk.load())
  }

  read(after: Position): Promise<Missed> {
    return this.#simple('read', (disk) => disk.read(after))
  }

  payload(id: string): Promise<unknown> {
    return this.#simple('payload', (disk) => structuredClone(disk.log.payloads.get(id)))
  }

  checkpoint(...given: Parameters<Store['checkpoint']>): Promise<boolean> {
    return this.#call('checkpoint', (call) => {
      this.#step(call, 'is done', () => {
        const isDone = this.#engine.disk.checkpoint(...given)
        const isLost = isDone && this.#engine.truncated()
        this.#answer(call, () => call.resolve(isDone), isLost ? 5_000 : 0)
      })
    })
  }

  commit(
    after: Position,
    decide: Decide,
    { fresh = false }: CommitOptions = {},
  ): Promise<number | undefined> {
    return this.#call<number | undefined>('commit', (call) => {
      if (fresh) return this.#readAndAppend(call, after, decide)
      this.#step(call, 'decides', () => {
        const draft = this.#engine.disk.draft(decide, nothing)
        if (draft === undefined) return this.#answer(call, () => call.resolve(undefined))
        // The engine appends, whether or not the context is frozen by then.
        this.#step(call, 'appends', () => this.#appendIfLevel(call, after, draft, decide), true)
      })
    })
  }

  subscribe(listener: () => void): () => void {
    const { listeners } = this.#engine
    const own = listeners.get(this.#whom) ?? new Set()
    listeners.set(this.#whom, own.add(listener))
    return () => void own.delete(listener)
  }

  leave(worker: string): Promise<void> {
    const { world, disk } = this.#engine
    return this.#call('leave', (call) => {
      // Handed over at once: it is done even if the context is gone a moment later.
      world.later(undefined, `${this.#whom.name} leave ${worker}`, 0, () => {
        disk.log.byes.add(worker)
        this.#hintOthers()
        this.#answer(call, () => call.resolve(undefined))
      })
    })
  }

  destroy(): Promise<void> {
    return this.#simple('destroy', (disk) => {
      disk.destroy()
      this.#hintOthers()
      this.#close()
    })
  }

  async close(): Promise<void> {
    this.#close()
  }

  #close(): void {
    this.#isClosed = true
    this.#engine.listeners.delete(this.#whom)
  }

  #simple<T>(method: string, work: (disk: Disk) => T): Promise<T> {
    return this.#call<T>(method, (call) => {
      this.#step(call, 'is done', () => {
        const value = work(this.#engine.disk)
        this.#answer(call, () => call.resolve(value))
      })
    })
  }

  #call<T>(method: string, begin: (call: Call) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const what = `${this.#whom.name} ${method}`
      if (this.#isClosed) return reject(closedStore(this.identity))
      const fault = this.#drawFault(method)
      begin({ method, what, fault, resolve: (value) => resolve(value as T), reject })
    })
  }

  #drawFault(method: string): Fault | undefined {
    const { world, faults } = this.#engine
    if (!world.isFaulty || method === 'leave' || method === 'destroy') return undefined
    const { random } = world
    const fault = (Object.keys(faults) as Fault[]).find((name) => random.chance(faults[name]))
    if (method !== 'commit' && method !== 'checkpoint' && fault?.startsWith('lost')) return 'failed'
    return fault
  }

  /** One step of a call, which may be the one that goes wrong before anything is done. */
  #step(call: Call, doing: string, work: () => void, byEngine = false): void {
    const { world } = this.#engine
    const isStalled = call.fault === 'stalled' && world.isFaulty
    if (isStalled) world.fault('stalled', call.what)
    const delayMs = isStalled ? world.random.between(5_000, 60_000) : this.#latency()
    const whom = byEngine && world.random.chance(0.5) ? undefined : this.#whom
    world.later(whom, `${call.what} ${doing}`, delayMs, () => {
      if (this.#whom.isDead) return
      if (this.#isClosed) return call.reject(closedStore(this.identity))
      if (doing !== 'decides' && this.#failsBefore(call)) return
      try {
        work()
      } catch (error) {
        this.#answer(call, () => call.reject(error))
      }
    })
  }

  #failsBefore({ method, what, fault, reject }: Call): boolean {
    const { world, crash } = this.#engine
    if (fault === 'crashed before') {
      world.fault(fault, what)
      world.census.count('crash', `before ${method}`)
      crash(this.#whom)
      return true
    }
    if (fault !== 'failed' && fault !== 'lost before') return false
    world.fault(fault, what)
    reject(failed(what, fault === 'lost before'))
    return true
  }

  #appendIfLevel(call: Call, after: Position, draft: Draft, decide: Decide): void {
    const { world, disk } = this.#engine
    if (disk.isAt(after)) {
      this.#append(call, draft)
      return
    }
    world.fault('refused', call.what)
    if (disk.refuse(after, draft)) {
      world.fault('sequence used up', call.what)
      // That it came too late is an answer as well, and may be the one that is lost.
      if (call.fault?.endsWith('after') && world.random.chance(0.5)) {
        this.#answer(call, () => undefined)
        return
      }
    }
    this.#readAndAppend(call, after, decide)
  }

  #readAndAppend(call: Call, after: Position, decide: Decide): void {
    const { disk } = this.#engine
    this.#step(call, 'reads, decides and appends', () => {
      const draft = disk.draft(decide, disk.read(after))
      if (draft === undefined) return this.#answer(call, () => call.resolve(undefined))
      this.#append(call, draft)
    })
  }

  #append(call: Call, draft: Draft): void {
    const { world, disk, isFull } = this.#engine
    if (isFull && grows(draft)) {
      world.fault('quota', call.what)
      this.#answer(call, () => call.reject(full()))
      return
    }
    const seq = disk.append(draft)
    this.#hintOthers()
    this.#answer(call, () => call.resolve(seq))
  }

  #answer({ method, what, fault, reject }: Call, tell: () => void, lateMs = 0): void {
    const { world, crash } = this.#engine
    if (fault === 'crashed after') {
      world.fault(fault, what)
      world.census.count('crash', `after ${method}`)
      crash(this.#whom)
      return
    }
    if (fault === 'lost after') world.fault(fault, what)
    const answer = fault === 'lost after' ? () => reject(failed(what, true)) : tell
    world.later(this.#whom, `${what} is answered`, this.#latency() + lateMs, answer)
  }

  /** A hint may be late, lost, or told twice. */
  #hintOthers(): void {
    const { world, listeners } = this.#engine
    for (const [whom, own] of listeners) {
      if (whom === this.#whom || (world.isFaulty && world.random.chance(0.1))) continue
      const times = world.random.chance(0.1) ? 2 : 1
      for (let time = 0; time < times; time++) {
        world.later(whom, `${whom.name} is hinted`, this.#latency(), () => {
          for (const listener of [...own]) listener()
        })
      }
    }
  }

  #latency(): number {
    const { random, isFaulty } = this.#engine.world
    if (random.chance(0.7)) return 0
    return random.below(isFaulty && random.chance(0.15) ? 3_000 : 20)
  }
}
