import type { Fault } from './fault.ts'

/** Faults of those who judge the soak: each lets something pass that a soak may never show, and nobody would miss it. */
export const oracleFaults: readonly Fault[] = [
  {
    name: 'the soak’s judge waives every job that never ended',
    file: 'test/soak/oracle/ends.ts',
    from: 'if (at >= lostAt) findings.push(...missing)',
    to: 'if (at < lostAt) findings.push(...missing)',
    caughtBy: { file: 'test/unit/soak/ends.test.ts', test: 'found is an enqueue that is lost' },
  },
  {
    name: 'the soak’s judge has one fault answer for any number of repetitions',
    file: 'test/soak/oracle/deliveries.ts',
    from: '!laidTo.has(each) && ',
    to: '',
    caughtBy: {
      file: 'test/unit/soak/deliveries.test.ts',
      test: 'one fault answers for one repetition of a job: more than were in flight are found',
    },
  },
  {
    name: 'the soak’s judge has a fault answer for what was not in flight',
    file: 'test/soak/oracle/deliveries.ts',
    from: ' && openUntil >= from',
    to: '',
    caughtBy: {
      file: 'test/unit/soak/deliveries.test.ts',
      test: 'a delivery is repeated without a fault where the job’s end was on the disk before the fault',
    },
  },
  {
    name: 'the soak’s judge lets a second epoch begin before the first is over',
    file: 'test/soak/oracle/epochs.ts',
    from: 'end === undefined || end > at',
    to: 'end === undefined',
    caughtBy: {
      file: 'test/unit/soak/epochs.test.ts',
      test: 'two live epochs at once are found where the first handler ended after the second had begun',
    },
  },
  {
    name: 'the soak’s last line keeps to itself what was waived',
    file: 'test/soak/oracle/judge.ts',
    from: 'waived: ends.waived',
    to: 'waived: { drops: 0, jobs: 0 }',
    caughtBy: {
      file: 'test/unit/soak/judge.test.ts',
      test: 'what is waived for a dropped database is told',
    },
  },
]
