import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const [, section = ''] =
  /^## Effects once on your own endpoints\n([\s\S]*?)^## /m.exec(read('README.md')) ?? []

/** The members that an interface declares. */
function members(path: string, name: string): string[] {
  const body = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(read(path))?.[1] ?? ''
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?(]?[?(:]/gm)].map((match) => match[1] ?? '')
}

test('the README names every option, what a request and a reply have, and every code of a refusal', () => {
  const codes = [...read('src/idempotent/problem.ts').matchAll(/^ {2}'?([a-z-]+)'?: \[\d/gm)].map(
    ([, code]) => code,
  )
  const named = [
    members('src/idempotent/options.ts', 'IdempotentOptions'),
    members('src/idempotent/request.ts', 'KeyedRequest'),
    members('src/idempotent/reply.ts', 'Reply'),
    codes,
  ]
  expect(named.map(({ length }) => length)).toEqual([10, 9, 4, 8])
  expect(named.flat().filter((name) => !new RegExp(`[\`.' \n]${name}[\`(,.' \n]`).test(section))).toEqual([])
})
