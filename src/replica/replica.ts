import { QueueError } from '../errors.ts'
import type { State } from '../machine/state.ts'
import type { Store } from '../store/contract.ts'
import type { Clock } from '../types.ts'
import { Batch } from './batch.ts'
import { breathe } from './breathe.ts'
import { Follower } from './follower.ts'
import { isFinal } from './joint.ts'
import { Log } from './log.ts'
import { isLarge, nextBatch } from './share.ts'
import type {
  Decision,
  DurabilityChoice,
  Replica,
  ReplicaListener,
  Rider,
  Submission,
  SubmitOptions,
} from './types.ts'

export interface ReplicaOptions {
  readonly store: Store
  readonly clock: Clock
  /** Makes the writer's name, at the first use. */
  readonly mint: () => string
  /** @default 'auto' */
  readonly durability?: DurabilityChoice | undefined
  /** How many milliseconds of waiting one step of priority is worth. @default 60_000 */
  readonly boostMs?: number | undefined
  /** How long the log's tail has to be for a checkpoint to be due: in events, each entry as four more. @default 1_000 */
  readonly checkpointEvents?: number | undefined
}

const none: SubmitOptions = {}

/** Makes a replica. Nothing is touched before its first use. */
export function createReplica(options: ReplicaOptions): Replica {
  return new LogReplica(options)
}

class LogReplica implements Replica {
  readonly #options: ReplicaOptions
  readonly #store: Store
  readonly #log: Log
  readonly #riders: Set<Rider> = new Set()
  readonly #queue: Submission[] = []
  readonly #readers: Submission[] = []
  #opening: Promise<State> | undefined
  #pumping: Promise<void> | undefined
  #turning: Promise<void> | undefined
  #down: QueueError | undefined
  #writer: string | undefined
  #counter = 0
  #poked = false
  #isCommitting = false
  #unsubscribe: (() => void) | undefined
  readonly #follower: Follower

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#store = options.store
    this.#log = new Log(options)
    this.#follower = new Follower(options.clock, () => {
      this.catchUp().catch((error: unknown) => this.#troubled(error, 'reading'))
    })
  }

  get eager(): boolean {
    return this.#follower.eager
  }

  set eager(isEager: boolean) {
    this.#follower.eager = isEager
  }

  get state(): State | undefined {
    return this.#log.state
  }

  get byes(): ReadonlySet<string> {
    return this.#log.byes
  }

  get writer(): string {
    this.#writer ??= this.#options.mint()
    return this.#writer
  }

  open(): Promise<State> {
    if (this.#down) return Promise.reject(this.#down)
    if (this.#log.state) return Promise.resolve(this.#log.state)
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  submit<T>(decide: Decision<T>, options: SubmitOptions = none): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.enter({ decide, options, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  enter(submission: Submission): void {
    if (this.#down) submission.reject(this.#down)
    else {
      this.#queue.push(submission)
      this.#start()
    }
  }

  poke(): void {
    if (this.#poked || this.#down) return
    this.#poked = true
    this.submit(() => undefined, { poke: true }).catch((error: unknown) => this.#troubled(error))
  }

  catchUp(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.#down) return reject(this.#down)
      this.#readers.push({ decide: () => undefined, options: {}, resolve: () => resolve(), reject })
      this.#start()
    })
  }

  async idle(): Promise<void> {
    await this.#turning
  }

  ride(rider: Rider): () => void {
    this.#riders.add(rider)
    return () => void this.#riders.delete(rider)
  }

  listen(listener: ReplicaListener): () => void {
    return this.#log.listen(listener)
  }

  async payload(id: string): Promise<unknown> {
    await this.open()
    return this.#store.payload(id)
  }

  leave(worker: string): Promise<void> {
    const left = this.#store.leave(worker)
    this.#log.heard([...this.byes, worker])
    return left
  }

  async close(): Promise<void> {
    this.#fail(new QueueError('closed', 'Cannot use the queue: it was closed'))
    this.#refuseAll(this.#down)
    // What is being committed is waited for; what merely opens may never answer.
    if (this.#isCommitting) await this.#pumping
    await this.#store.close()
  }

  async #open(): Promise<State> {
    try {
      // First: of what is appended between the two, nobody would tell.
      this.#unsubscribe ??= this.#store.subscribe(() => this.#follower.hinted())
      return await this.#log.load()
    } catch (error) {
      this.#unsubscribe?.()
      this.#unsubscribe = undefined
      if (isFinal(error)) this.#fail(error)
      throw error
    }
  }

  #troubled(error: unknown, met: 'reading' | 'writing' = 'writing'): void {
    if (error !== this.#down) this.#log.notify({ state: 'failing', error }, met)
  }

  /** Nothing works from here on: everyone who waits learns why. */
  #fail(error: QueueError): void {
    if (this.#down) return
    this.#down = error
    this.#log.end(error)
    this.#unsubscribe?.()
    this.#follower.stop()
    this.#log.notify(error.code === 'closed' ? { state: 'closed' } : { state: 'down', error })
  }

  #start(): void {
    this.#pumping ??= Promise.resolve().then(() => this.#pump())
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0 || this.#readers.length > 0) {
      this.#turning = this.#turn()
      await this.#turning
    }
    this.#pumping = undefined
  }

  /** One entry, or one read. Never rejects: whoever waits is told. */
  async #turn(): Promise<void> {
    if (isLarge(this.#queue)) await breathe()
    const state = await this.open().catch((error: unknown) => this.#refuseAll(error))
    if (state === undefined) return
    const readers = this.#readers.splice(0)
    const batch = this.#queue.splice(0, nextBatch(this.#queue))
    if (batch.some((each) => each.options.poke)) this.#poked = false
    try {
      const level = batch.length > 0 && (await this.#commit(state, batch))
      if (readers.length > 0 && !level) await this.#log.read(this.#log.state ?? state)
      for (const reader of readers) reader.resolve(undefined)
      this.#log.checkpoint()
    } catch (error) {
      if (isFinal(error)) this.#fail(error)
      // Those of the batch were told by it, each once.
      for (const reader of readers) reader.reject(error)
    }
  }

  /** The log cannot be opened, or will not be used any more. */
  #refuseAll(error: unknown): undefined {
    this.#poked = false
    for (const waiting of [...this.#readers.splice(0), ...this.#queue.splice(0)]) waiting.reject(error)
  }

  async #commit(state: State, waiting: readonly Submission[]): Promise<boolean> {
    const { durability = 'auto' } = this.#options
    const batch = new Batch(waiting, {
      log: this.#log,
      writer: this.writer,
      nextCounter: () => ++this.#counter,
      riders: this.#riders,
      durability,
      isLarge: isLarge(waiting),
      giveBack: (submissions) => this.#queue.unshift(...submissions),
    })
    this.#isCommitting = true
    try {
      return await batch.commit(state)
    } finally {
      this.#isCommitting = false
    }
  }
}
