import type { Fault } from './fault.ts'

/** Faults of those who judge: each lets something pass that may never be seen, and nobody would miss it. */
export const judgeFaults: readonly Fault[] = [
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
  {
    name: 'the torture takes a failure of its lab for a verdict about the peer',
    file: 'test/field-notes/play-all.ts',
    from: "return { is: 'error', because:",
    to: "return { is: 'broke', because:",
    caughtBy: {
      file: 'test/unit/field-notes/play-all.test.ts',
      test: 'what fails in the lab is an error and no verdict, and all else is played',
    },
  },
  {
    name: 'the torture overlooks that the README has another verdict',
    file: 'test/field-notes/record.ts',
    from: 'known === seen ? []',
    to: 'known !== undefined ? []',
    caughtBy: {
      file: 'test/unit/field-notes/record.test.ts',
      test: 'what was seen differs from the README in the cell that is another, which is named',
    },
  },
  {
    name: 'the README’s table may have an error for a verdict',
    file: 'test/field-notes/record.ts',
    from: 'throw new RangeError(`Cannot read the README’s table',
    to: 'return broke(`Cannot read the README’s table',
    caughtBy: {
      file: 'test/unit/field-notes/record.test.ts',
      test: 'a README cannot be read that has an error in a cell',
    },
  },
]
