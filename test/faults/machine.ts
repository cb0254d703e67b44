import type { Fault } from './fault.ts'

/** Faults of the pure machine: what it decides, and how it folds. */
export const machineFaults: readonly Fault[] = [
  {
    name: 'the fence is gone: any epoch may settle',
    file: 'src/machine/decide.ts',
    from: "job?.state === 'running' && job.epoch === epoch",
    to: "job?.state === 'running'",
    caughtBy: 'simulator',
  },
  {
    name: 'what was speculated is not undone',
    file: 'src/machine/table.ts',
    from: 'this.#set(key, page, after, before)',
    to: 'void before',
    caughtBy: 'simulator',
  },
  {
    name: 'readers see what was only speculated',
    file: 'src/machine/state.ts',
    from: 'unwind(journal, 0)',
    to: 'void unwind',
    caughtBy: 'simulator',
  },
  {
    name: 'a decision that throws leaves its facts in the state',
    file: 'src/machine/state.ts',
    from: 'unwind(this.#journal, from)',
    to: 'void from',
    caughtBy: {
      file: 'test/unit/machine/fold.test.ts',
      test: 'a speculation keeps the other decisions when one of them throws half-way',
    },
  },
  {
    name: 'the checkpoint leaves a page out',
    file: 'src/machine/codec.ts',
    from: 'table.changedSince(mark).map(',
    to: 'table.changedSince(mark).slice(1).map(',
    caughtBy: 'simulator',
  },
  {
    name: 'the checkpoint keeps pages that are empty now',
    file: 'src/machine/codec.ts',
    from: "rows.length === 0 ? '' :",
    to: "rows.length < 0 ? '' :",
    caughtBy: {
      file: 'test/unit/machine/codec.test.ts',
      test: 'a checkpoint removes a page that has no rows any more',
    },
  },
  {
    name: 'the number of an acknowledgement is used again',
    file: 'src/machine/fold-acks.ts',
    from: 'const sequence = outbox.last + 1',
    to: 'const sequence = Math.max(1, outbox.last)',
    caughtBy: 'simulator',
  },
  {
    name: 'a job dies without an acknowledgement',
    file: 'src/machine/decide.ts',
    from: 'return deciding.acks[type]',
    to: "return type === 'dead' ? undefined : deciding.acks[type]",
    caughtBy: {
      file: 'test/unit/machine/enqueue.test.ts',
      test: 'a full backlog drop-oldest: sends the first in line to the dead letters, with its acknowledgement',
    },
  },
  {
    name: 'retention takes a job whose acknowledgement is queued',
    file: 'src/machine/indexes.ts',
    from: " && job.ack !== 'queued'",
    to: '',
    caughtBy: {
      file: 'test/unit/machine/upkeep.test.ts',
      test: 'retention never takes a job whose acknowledgement is queued',
    },
  },
  {
    name: 'two contexts send acknowledgements at once',
    file: 'src/machine/outbox.ts',
    from: 'if (holder === undefined || holder === sender ||',
    to: "if (holder !== '' ||",
    caughtBy: {
      file: 'test/unit/sync/contexts.test.ts',
      test: 'two contexts of one device never send at once: a flush waits for the other to be done',
    },
  },
  {
    name: 'a key is released while its job runs',
    file: 'src/machine/job.ts',
    from: "job.state === 'pending' || job.state === 'running'",
    to: "job.state === 'pending'",
    caughtBy: 'simulator',
  },
  {
    name: 'a dedupe follower overtakes the job that it follows',
    file: 'src/machine/job.ts',
    from: 'if (job?.dedupe !== undefined) lines.push',
    to: 'if (job?.dedupe !== undefined && job.key === undefined) lines.push',
    caughtBy: {
      file: 'test/unit/machine/enqueue.test.ts',
      test: 'a taken dedupe key a follower with another key does not overtake',
    },
  },
  {
    name: 'expiry is ignored behind the head of a line',
    file: 'src/machine/upkeep.ts',
    from: 'if (id === undefined) return true',
    to: 'if (id === undefined || state.index.ready.ahead(owned(state, deciding.owner, id))) return true',
    caughtBy: {
      file: 'test/unit/machine/upkeep.test.ts',
      test: 'expiry takes jobs wherever they stand in line, those of one key and those that back off',
    },
  },
  {
    name: 'every probe of a hold is charged',
    file: 'src/machine/settle.ts',
    from: 'charged: open === undefined',
    to: 'charged: true',
    caughtBy: 'simulator',
  },
  {
    name: 'a retry comes before its floor',
    file: 'src/machine/settle.ts',
    from: 'finiteMs(verdict.afterMs ?? 0)',
    to: '0',
    caughtBy: {
      file: 'test/unit/machine/settle.test.ts',
      test: 'failing waits no shorter than it was told to, whatever the backoff',
    },
  },
  {
    name: 'a release is charged',
    file: 'src/machine/fold.ts',
    from: "why === 'stopped' ? givenBack(job) : {}",
    to: "why === 'stopped' ? { ...givenBack(job), errors: job.errors + 1 } : {}",
    caughtBy: 'simulator',
  },
  {
    name: 'a bye counts as a crash',
    file: 'src/machine/leases.ts',
    from: "return 'bye'",
    to: "return 'crash'",
    caughtBy: {
      file: 'test/unit/machine/leases.test.ts',
      test: 'a lease is lost at once when its holder said goodbye',
    },
  },
  {
    name: 'a lease is lost to its own holder',
    file: 'src/machine/leases.ts',
    from: 'worker === sightings.me ? undefined :',
    to: "worker === '' ? undefined :",
    caughtBy: {
      file: 'test/unit/machine/leases.test.ts',
      test: 'a lease is never lost to oneself, and there is none to lose of a worker that holds nothing',
    },
  },
  {
    name: 'what may run only once is run again after a loss',
    file: 'src/machine/leases.ts',
    from: 'if (job.once) {',
    to: 'if (job.once && job.attempt < 0) {',
    caughtBy: 'simulator',
  },
  {
    name: 'a poison message is run for ever',
    file: 'src/machine/leases.ts',
    from: '<= maxCrashes',
    to: '<= Number.POSITIVE_INFINITY',
    caughtBy: {
      file: 'test/unit/machine/leases.test.ts',
      test: 'taking back more crashes than allowed are poison',
    },
  },
  {
    name: 'the limit of a kind is forgotten',
    file: 'src/machine/claim.ts',
    from: 'maxRunning - (runningByKind.get(kind) ?? 0)',
    to: 'maxRunning + (runningByKind.get(kind) ?? 0)',
    caughtBy: 'simulator',
  },
  {
    name: 'a paused queue goes on',
    file: 'src/machine/claim.ts',
    from: 'state.isPaused(deciding.owner) ||',
    to: '',
    caughtBy: 'simulator',
  },
]
