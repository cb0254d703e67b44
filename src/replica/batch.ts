import { isQueueError, QueueError } from '../errors.ts'
import type { State } from '../machine/state.ts'
import type { Draft, Missed } from '../store/contract.ts'
import { breathe } from './breathe.ts'
import { type Drafted, draft } from './draft.ts'
import { Drafts } from './drafts.ts'
import { createJoint, isFinal, type Joint, settledError } from './joint.ts'
import type { Log } from './log.ts'
import type { DurabilityChoice, Rider, Submission } from './types.ts'

/** How often a batch is tried again when the store surely failed; and the first pause, which doubles. */
const failureTries = 4
const failureWaitMs = 20

/** How often a full store is asked for room before the settling of jobs is given up. */
const quotaTries = 3

export interface BatchOptions {
  readonly log: Log
  readonly writer: string
  /** Counts this writer's drafts: every draft has an id of its own, so that it can be told which one landed. */
  readonly nextCounter: () => number
  readonly riders: ReadonlySet<Rider>
  readonly durability: DurabilityChoice
  /** It brings more jobs in than one task should. */
  readonly isLarge: boolean
  /** Takes back what does not fit into one entry. */
  readonly giveBack: (submissions: readonly Submission[]) => void
}

/** The fate of decisions that share an entry: drafted, appended, and every lost or refused answer run to ground. */
export class Batch {
  readonly #options: BatchOptions
  readonly #log: Log
  #waiting: readonly Submission[]
  readonly #drafts: Drafts
  /** The draft that was made before the store asks for the first. */
  #ahead: { readonly entry: Draft | undefined } | undefined
  #landed: Drafted | undefined
  #fresh: boolean
  #uncertain = false
  #failures = 0
  #quotas = 0
  readonly #joint: Joint | undefined

  constructor(waiting: readonly Submission[], options: BatchOptions) {
    this.#waiting = waiting
    this.#options = options
    this.#log = options.log
    this.#drafts = new Drafts(options.writer, options.nextCounter)
    this.#fresh = waiting.some((each) => each.options.fresh || each.options.joined)
    const joined = waiting[0]?.options.joined
    this.#joint = joined && createJoint(joined)
  }

  /** Resolves once everyone was told; to whether the state was seen to be level with the log meanwhile. */
  async commit(state: State): Promise<boolean> {
    let current = state
    for (;;) {
      try {
        if (await this.#append(current)) return this.#fresh || !!this.#drafts.last?.events.length
      } catch (error) {
        if (await this.#recover(error, current)) return false
        if (this.#joint?.isSpent) return !this.#giveUp(settledError(error))
        current = this.#log.state ?? current
      }
    }
  }

  /** Whether the batch is over. */
  async #append(state: State): Promise<boolean> {
    const fresh = this.#fresh || this.#log.isContended
    this.#ahead = this.#options.isLarge && !fresh ? await this.#draftAhead(state) : undefined
    let seq: number | undefined
    try {
      seq = await this.#log.append(state, (missed) => this.#decide(state, missed), {
        fresh,
        relaxed: this.#options.durability === 'relaxed',
        joined: this.#joint?.joined,
      })
      const drafted = this.#drafts.last
      if (seq !== undefined && drafted) this.#log.landed(state, this.#drafts.entryAt(seq, drafted))
    } finally {
      // Of others' entries, too, not before: whoever hears of one looks at the state, which undoes what is drafted.
      this.#log.tell()
    }
    if (this.#landed) return this.#settle(this.#landed)
    const { last } = this.#drafts
    if (last === undefined) return this.#split()
    if (seq === undefined && !this.#fresh && this.#waiting.some((each) => !each.options.poke)) {
      // Nothing to append: that, too, must be decided on the truth.
      this.#fresh = true
      return false
    }
    return this.#settle(last)
  }

  /** Deciding, writing it down and handing it to the store each get a task of their own, so that a page stays smooth. */
  async #draftAhead(state: State): Promise<{ readonly entry: Draft | undefined }> {
    this.#draft(state)
    await breathe()
    const entry = this.#entry()
    await breathe()
    return { entry }
  }

  #decide(state: State, missed: Missed): Draft | undefined {
    this.#log.fold(state, missed.entries, (id) => this.#hasLanded(id))
    this.#log.met(missed.entries.length)
    if (this.#landed) return undefined
    if (this.#fresh || missed.byes.length > 0) this.#log.heard(missed.byes)
    const ahead = this.#ahead
    this.#ahead = undefined
    if (ahead) return ahead.entry
    this.#draft(state)
    return this.#entry()
  }

  #draft(state: State): void {
    const { riders } = this.#options
    const onRiderError = (error: unknown): void => this.#log.notify({ state: 'failing', error })
    const { now, byes } = this.#log
    this.#drafts.add(draft(state, this.#waiting, riders, now, byes, onRiderError))
  }

  /** For what is joined an entry in any case: by it a lost answer can be looked up. */
  #entry(): Draft | undefined {
    const isJoined = this.#joint !== undefined
    const refusal = isJoined && this.#drafts.last?.refusal
    if (refusal) throw refusal.error
    const entry = this.#drafts.entry(this.#options.durability, this.#log.maxEntryBytes, isJoined)
    if (isJoined && entry === undefined) throw this.#tooLarge()
    return entry
  }

  #tooLarge(): RangeError {
    return new RangeError(
      `Cannot commit: the entry is larger than the store's ${this.#log.maxEntryBytes} bytes`,
    )
  }

  #hasLanded(id: string): boolean {
    const drafted = this.#drafts.sent(id)
    this.#landed ??= drafted
    return drafted !== undefined
  }

  #settle(drafted: Drafted): true {
    const gone = new Set(drafted.forget)
    if (gone.size > 0) this.#log.heard([...this.#log.byes].filter((bye) => !gone.has(bye)))
    drafted.settle()
    return true
  }

  /** What is too large for one entry goes in two; a single decision that is too large cannot go. */
  #split(): boolean {
    if (this.#waiting.length <= 1) {
      this.#rejectAll(this.#tooLarge())
      return true
    }
    const half = this.#waiting.length >> 1
    this.#options.giveBack(this.#waiting.slice(half))
    this.#waiting = this.#waiting.slice(0, half)
    return false
  }

  /** Whether the batch is over: everyone was rejected, or what was thought lost had landed. */
  async #recover(error: unknown, state: State): Promise<boolean> {
    if (this.#joint?.thrown) return this.#giveUp(this.#joint.thrown.error)
    this.#uncertain ||= isQueueError(error) && error.uncertain
    if (isFinal(error)) {
      this.#giveUp(error)
      throw error
    }
    // Seen in what was missed, before reading on failed.
    if (this.#landed) return this.#settle(this.#landed)
    if (isQueueError(error, 'log-behind')) return this.#lookUp(state, () => this.#log.load())
    if (isQueueError(error, 'log-replaced')) return this.#startOver(error)
    if (isQueueError(error, 'quota-exceeded')) return this.#makeRoom(error)
    const isOver = this.#joint?.isSpent && !this.#uncertain
    if (isOver || !isQueueError(error, 'store-failed')) return this.#giveUp(error)
    if (++this.#failures > failureTries) return this.#giveUpKnowing(error, state)
    this.#log.notify({ state: 'failing', error })
    const waitMs = failureWaitMs * 2 ** this.#failures
    await this.#log.waits.wait(waitMs)
    return this.#uncertain && this.#lookUp(state, () => this.#log.read(state))
  }

  /** Whether the log itself, once read on, says that an entry whose answer was lost is in it. */
  async #lookUp(state: State, read: () => Promise<unknown>): Promise<boolean> {
    try {
      await read()
    } catch (error) {
      return this.#recover(error, state)
    }
    return this.#known(state)
  }

  /** Whether a writer's highest counter, kept in the state, tells that one of the drafts landed. */
  #known(before: State): boolean {
    const state = this.#log.state
    if (state === undefined || state.log !== before.log) return this.#uncertain && this.#giveUp(undefined)
    this.#uncertain = false
    const drafted = this.#drafts.landedIn(state)
    return drafted !== undefined && this.#settle(drafted)
  }

  async #startOver(error: unknown): Promise<boolean> {
    if (this.#uncertain) return this.#giveUp(error)
    try {
      await this.#log.load()
    } catch (cause) {
      return this.#giveUp(cause)
    }
    return false
  }

  /** The store is full: what brings new bytes in is refused alone; the rest is tried in the room that was reserved. */
  #makeRoom(error: QueueError): boolean {
    this.#log.notify({ state: 'quota', error })
    const growing = this.#waiting.filter((each) => each.options.grows)
    this.#waiting = this.#waiting.filter((each) => !each.options.grows)
    for (const each of growing) each.reject(error)
    if (growing.length === 0 && ++this.#quotas >= quotaTries) return this.#giveUp(error)
    return this.#waiting.length === 0
  }

  /** With a last look: a store that cannot be written to may well be readable. */
  async #giveUpKnowing(error: QueueError, state: State): Promise<true> {
    if (!this.#uncertain) return this.#giveUp(error)
    const isOver = await this.#log.read(state).then(
      () => this.#known(state),
      () => false,
    )
    return isOver || this.#giveUp(this.#uncertain ? error : settledError(error))
  }

  #giveUp(error: unknown): true {
    const { state } = this.#log
    const landed = this.#landed ?? (state && this.#drafts.landedIn(state))
    if (landed) return this.#settle(landed)
    const unknown = 'Cannot tell whether the commit happened: its answer was lost, and the log cannot be read'
    this.#rejectAll(this.#uncertain ? new QueueError('outcome-unknown', unknown, { cause: error }) : error)
    return true
  }

  #rejectAll(error: unknown): void {
    for (const each of this.#waiting) each.reject(error)
  }
}
