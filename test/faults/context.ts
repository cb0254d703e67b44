import type { Fault } from './fault.ts'

/** Faults of one context's side: replica, worker, queue. */
export const contextFaults: readonly Fault[] = [
  {
    name: 'a decision that throws leaves its facts in the entry',
    file: 'src/replica/draft.ts',
    from: 'events.length = emitted',
    to: 'void emitted',
    caughtBy: 'simulator',
  },
  {
    name: 'a lost answer is taken for a failure',
    file: 'src/replica/batch.ts',
    from: 'return drafted !== undefined && this.#settle(drafted)',
    to: 'return drafted === null && this.#settle(drafted)',
    caughtBy: 'simulator',
  },
  {
    name: 'drafts share an id: which one landed, nobody can tell',
    file: 'src/replica/drafts.ts',
    from: 'this.#counter = this.#nextCounter()',
    to: 'this.#counter ||= this.#nextCounter()',
    caughtBy: 'simulator',
  },
  {
    name: 'what was drafted ahead is appended although others came first',
    file: 'src/replica/batch.ts',
    from: 'const ahead = this.#ahead\n    this.#ahead = undefined',
    to: 'const ahead = this.#ahead',
    caughtBy: {
      file: 'test/unit/queue/enqueue.test.ts',
      test: 'enqueue of many, drafted before others appended, is decided anew',
    },
  },
  {
    name: 'a decision to write nothing is believed without a look',
    file: 'src/replica/batch.ts',
    from: 'if (seq === undefined && !this.#fresh &&',
    to: 'if (seq === undefined && this.#fresh === undefined &&',
    caughtBy: {
      file: 'test/unit/queue/enqueue.test.ts',
      test: 'enqueue decides on the truth also where it writes nothing, although every hint was lost',
    },
  },
  {
    name: 'a full store refuses everybody',
    file: 'src/replica/batch.ts',
    from: 'const growing = this.#waiting.filter((each) => each.options.grows)',
    to: 'const growing = this.#waiting',
    caughtBy: 'simulator',
  },
  {
    name: 'the payload is deleted at the claim, before its job is done',
    file: 'src/worker/worker.ts',
    from: 'decideClaim(state, request, deciding) : []',
    to: 'decideClaim(state, request, deciding).map((held) => (drafting.drop(held.id), held)) : []',
    caughtBy: 'simulator',
  },
  {
    name: 'the payload is deleted when an attempt fails',
    file: 'src/worker/settle.ts',
    from: " && job?.state === 'completed'",
    to: '',
    caughtBy: 'simulator',
  },
  {
    name: 'the payload outlives its job',
    file: 'src/worker/settle.ts',
    from: " && job?.state === 'completed'",
    to: " && job?.state === 'cancelled'",
    caughtBy: 'simulator',
  },
  {
    name: 'the progress of a stale epoch is accepted',
    file: 'src/worker/runner.ts',
    from: 'pending === undefined || !holds(state, execution)',
    to: 'pending === undefined || !state.jobs.get(id)',
    caughtBy: 'simulator',
  },
  {
    name: 'a handler begins though its job was given back while the payload was read',
    file: 'src/worker/execution.ts',
    from: 'if (this.#abortedBy) throw this.#abortedBy\n',
    to: '',
    caughtBy: {
      file: 'test/unit/worker/late.test.ts',
      test: 'a payload that is read after leave is handed to no handler',
    },
  },
  {
    name: 'a checkpoint is granted before it is in the log',
    file: 'src/worker/execution.ts',
    from: 'await this.#hooks.checkpoint(this, text)',
    to: 'this.#hooks.checkpoint(this, text).catch(() => undefined)',
    caughtBy: 'simulator',
  },
  {
    name: 'the idempotency key changes between attempts',
    file: 'src/worker/execution.ts',
    from: 'this.idempotencyKey = ',
    to: 'this.idempotencyKey = String(attempt) + ',
    caughtBy: {
      file: 'test/unit/worker/handlers.test.ts',
      test: 'a handler is given what there is to know of its job',
    },
  },
  {
    name: 'another payload runs than the one that replaced it',
    file: 'src/queue/intake.ts',
    from: 'if (taken && encoded.beside !== undefined)',
    to: "if (outcome === 'created' && encoded.beside !== undefined)",
    caughtBy: 'simulator',
  },
]
