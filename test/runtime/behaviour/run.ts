import { type BehaviourOptions, behaviour } from './behaviour.ts'

/** What became of the cases, by name: `null` is well, else why it is not. */
export type Outcomes = Readonly<Record<string, string | null>>

const limitMs = 60_000

/** Runs the suite where there is no test runner. A case that hangs fails by its name. */
export async function runBehaviour(options: Omit<BehaviourOptions, 'test'>): Promise<Outcomes> {
  const cases = new Map<string, () => Promise<void>>()
  behaviour({ ...options, test: (name, run) => cases.set(name, run) })
  const outcomes: Record<string, string | null> = {}
  for (const [name, run] of cases) {
    outcomes[name] = await inTime(run).then(
      () => null,
      (error: unknown) => (error instanceof Error ? `${error.stack ?? error.message}` : String(error)),
    )
  }
  return outcomes
}

function inTime(run: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = new Error(`It was not over after ${limitMs} ms`)
    const timer = setTimeout(() => reject(late), limitMs)
    run()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}

/** The names of all cases. */
export function caseNames(): string[] {
  const names: string[] = []
  behaviour({ test: (name) => names.push(name), store: unused })
  return names
}

function unused(): never {
  throw new Error('Cannot open a store: only the names of the cases are asked for')
}
