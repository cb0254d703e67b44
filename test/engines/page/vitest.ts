/** What suites written for Vitest use of it, in a page where there is none: the bundle has it in Vitest's place. */
import * as expecting from '@vitest/expect'
import { spyOn } from '@vitest/spy'
import { afterCase, register, type Run } from './runner.ts'

const { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } = expecting
for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)

interface Expect {
  (value: unknown): Chai.Assertion
  poll(look: () => unknown): Record<string, (...expected: unknown[]) => Promise<void>>
}

const patienceMs = 5_000
const pauseMs = 10

/** Asserts again and again, until it holds. */
const poll: Expect['poll'] = (look) =>
  new Proxy(
    {},
    {
      get:
        (_target, matcher) =>
        async (...expected: unknown[]) => {
          for (const end = performance.now() + patienceMs; ; ) {
            try {
              const assertion = chai.expect(await look())
              return Reflect.apply(Reflect.get(assertion, matcher), assertion, expected)
            } catch (error) {
              if (performance.now() > end) throw error
              await new Promise((resolve) => setTimeout(resolve, pauseMs))
            }
          }
        },
    },
  )

export const expect: Expect = Object.assign((value: unknown) => chai.expect(value), chai.expect, { poll })
Object.assign(expect, Reflect.get(globalThis, expecting.ASYMMETRIC_MATCHERS_OBJECT))
Object.defineProperty(globalThis, expecting.GLOBAL_EXPECT, { value: expect })

/** `%s` in a name is a row's next value, as in Vitest. */
const each =
  (rows: readonly unknown[]) =>
  (name: string, run: (...row: unknown[]) => unknown): void => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row]
      let next = 0
      register(
        name.replace(/%s/g, () => String(values[next++])),
        () => run(...values),
      )
    }
  }

export const test: { (name: string, run: Run): void; each: typeof each } = Object.assign(
  (name: string, run: Run) => register(name, run),
  { each },
)
export const onTestFinished: (undo: Run) => void = afterCase
export const vi: { readonly spyOn: typeof spyOn } = { spyOn }
