/** One case of a suite that runs in the page, as it is told to the process outside. */
export interface CaseResult {
  readonly name: string
  readonly ms: number
  /** Why it failed. */
  readonly error?: string
}

/** How far a suite is. */
export interface Progress {
  readonly results: readonly CaseResult[]
  /** The case under way. */
  readonly current: string | undefined
  readonly done: boolean
}

export type Run = () => unknown

const patienceMs = 60_000

let registered: { readonly name: string; readonly run: Run }[] = []
let undoing: Run[] = []

/** Registers a case of the suite that is being collected. */
export function register(name: string, run: Run): void {
  registered.push({ name, run })
}

/** Has something undone after the case under way, the newest first. */
export function afterCase(undo: Run): void {
  undoing.push(undo)
}

/** The cases that `suite` registers. */
function collect(suite: () => void): typeof registered {
  registered = []
  suite()
  return registered
}

/** Runs a suite, one case after another, since all share one origin. */
export function runSuite(suite: () => void): { readonly progress: () => Progress } {
  const results: CaseResult[] = []
  let current: string | undefined
  let done = false
  const all = async (): Promise<void> => {
    for (const { name, run } of collect(suite)) {
      current = name
      results.push(await runCase(name, run))
    }
    current = undefined
    done = true
  }
  all().catch((error: unknown) => {
    results.push({ name: 'the suite itself', ms: 0, error: described(error) })
    done = true
  })
  return { progress: () => ({ results, current, done }) }
}

async function runCase(name: string, run: Run): Promise<CaseResult> {
  undoing = []
  const startedAt = performance.now()
  const errors: string[] = []
  const attempt = async (step: Run): Promise<void> => {
    await inTime(step).catch((error: unknown) => errors.push(described(error)))
  }
  const stray = (event: PromiseRejectionEvent): void =>
    void errors.push(`unhandled: ${described(event.reason)}`)
  addEventListener('unhandledrejection', stray)
  await attempt(run)
  for (const undo of undoing.reverse()) await attempt(undo)
  removeEventListener('unhandledrejection', stray)
  const ms = Math.round(performance.now() - startedAt)
  return errors.length === 0 ? { name, ms } : { name, ms, error: errors.join('; ') }
}

function inTime(step: Run): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`it was not over after ${patienceMs} ms`))
    const timer = setTimeout(late, patienceMs)
    const doing = async (): Promise<unknown> => step()
    doing()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (${described(error.cause)})`
  return `${error.name}: ${error.message}${cause}`
}
