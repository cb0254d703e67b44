/** Runs the conformance suite on a file, in whatever runtime this is, and prints how it went as JSON. */
import { sqliteStore } from 'holdfast/sqlite'
import { storeConformance } from '../../src/testing/conformance.ts'

const [path = ''] = process.argv.slice(2)
const tests = new Map<string, () => Promise<void>>()
const factory = () => sqliteStore({ path })
storeConformance({ test: (name, run) => tests.set(name, run), factory, reopen: factory })
const outcomes: Record<string, string | null> = {}
for (const [name, run] of tests) {
  outcomes[name] = await run().then(
    () => null,
    (error: unknown) => (error instanceof Error ? `${error.stack}` : String(error)),
  )
}
console.log(JSON.stringify(outcomes))
