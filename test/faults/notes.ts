import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Fault, Unguarded } from './fault.ts'
import { inBrowser } from './notes-in-browser.ts'

const folder = fileURLToPath(new URL('../field-notes/notes/', import.meta.url))

/** The notes' names by their numbers, read and not run. */
const names: ReadonlyMap<number, string> = new Map(
  globSync('*.ts', { cwd: folder }).flatMap((file) => {
    const source = readFileSync(folder + file, 'utf8')
    const pairs = source.matchAll(/number: (\d+),\s+name:\s+'([^']*)'/g)
    return [...pairs].map(([, number, name = '']) => [Number(number), name] as const)
  }),
)

function guardOf({ note, because, ...fault }: Unguarded): Fault {
  const test = `${note}. ${names.get(note)}`
  return { ...fault, caughtBy: { file: 'test/field-notes/field-notes.test.ts', test, because } }
}

const inProcess: readonly Unguarded[] = [
  {
    note: 18,
    name: 'why says nothing of a hold',
    file: 'src/machine/why.ts',
    from: 'if (hold !== undefined) {\n    const { cause, waitMs } = hold',
    to: 'if (hold !== undefined && hold.tries < 0) {\n    const { cause, waitMs } = hold',
    because: 'a change that the server refuses is said to be ready',
  },
  {
    note: 24,
    name: 'finishing is not fenced',
    file: 'src/machine/decide.ts',
    from: "job?.state === 'running' && job.epoch === epoch",
    to: "job?.state === 'running'",
    because: 'a stale completion ends the job that its heir still runs',
  },
  {
    note: 25,
    name: 'a stall bypasses the policy: no count of crashes ends it',
    file: 'src/machine/leases.ts',
    from: '<= maxCrashes',
    to: '<= Number.POSITIVE_INFINITY',
    because: 'a job whose holders stall is run for ever',
  },
  {
    note: 26,
    name: 'a duplicate is told that it is a job of its own',
    file: 'src/machine/enqueue.ts',
    from: "outcome: 'duplicate', taken: false",
    to: "outcome: 'created', taken: false",
    because: 'a duplicate is told that it is created',
  },
  {
    note: 27,
    name: 'a dead job keeps its key whatever its task says',
    file: 'src/machine/settle.ts',
    from: 'return job.key === undefined ? undefined : policy.deadBlocks',
    to: 'return job.key === undefined ? undefined : policy.deadBlocks !== undefined',
    because: 'the child of a failed parent is pending, with nobody to free it',
  },
  {
    note: 28,
    name: 'the checkpoint of a late handler is taken',
    file: 'src/machine/settle.ts',
    from: "fence(state, holder)\n  emit({ type: 'checkpointed',",
    to: "void fence\n  emit({ type: 'checkpointed',",
    because: 'a late checkpoint is taken',
  },
  {
    note: 30,
    name: 'kinds are claimed that have no handler here',
    file: 'src/worker/worker.ts',
    from: '[...options.kinds].filter(([, kind]) => kind.run !== undefined)',
    to: '[...options.kinds]',
    because: 'work that nobody can do here is completed',
  },
]

/** Those whose note is played in this process: quick enough for every run. */
export const quickNoteFaults: readonly Fault[] = inProcess.map(guardOf)

/** One for each of the thirty notes. */
export const noteFaults: readonly Fault[] = [...inProcess, ...inBrowser]
  .sort((one, other) => one.note - other.note)
  .map(guardOf)
