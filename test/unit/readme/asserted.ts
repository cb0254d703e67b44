import { type ESTree, parseSync } from 'vite'

type Node = ESTree.Node

/** What fails a case of the engines if it is not so: how many arguments say what. More of them are only told. */
const assertions: ReadonlyMap<string, number> = new Map([
  ['equal', 2],
  ['deepEqual', 2],
  ['ok', 1],
  ['until', 1],
])

/**
 * What the assertions say of the test, or the case, that has this name, in words: those of the texts in them, and of the values
 * that they name. With them count those of the functions of its file that it calls. `undefined`: there is none of that name.
 */
export function assertedIn(source: string, name: string): ReadonlySet<string> | undefined {
  const { program, errors } = parseSync('test.ts', source, { lang: 'ts' })
  if (errors.length > 0) throw new SyntaxError(errors.map(({ message }) => message).join('; '))
  const named = [...within(program)].flatMap((node) => namedBy(node, name))
  if (named.length === 0) return undefined
  const bodies = withCalled(named, functionsOf(program))
  const constants = constantsIn(bodies)
  const words = new Set<string>()
  for (const said of bodies.flatMap((body) => [...within(body)].flatMap(saidBy))) {
    for (const text of textsIn(said, constants)) for (const word of text.split(' ')) words.add(word)
  }
  return words
}

/** What a test or case of this name does: `test(name, …)`, or `name: …`. */
function namedBy(node: Node, name: string): readonly Node[] {
  if (node.type === 'Property' && textOf(node.key) === name) return [node.value]
  if (node.type !== 'CallExpression') return []
  const [first, ...others] = node.arguments
  return first !== undefined && textOf(first) === name ? others : []
}

function functionsOf({ body }: ESTree.Program): ReadonlyMap<string, Node> {
  const declared = body.flatMap((statement): [string, Node][] =>
    statement.type === 'FunctionDeclaration' && statement.id ? [[statement.id.name, statement]] : [],
  )
  return new Map(declared)
}

function withCalled(bodies: readonly Node[], functions: ReadonlyMap<string, Node>): readonly Node[] {
  const reached = new Set(bodies)
  // What is added on the way is looked at, too.
  for (const body of reached) {
    for (const node of within(body)) {
      const called = node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name
      const found = called ? functions.get(called) : undefined
      if (found) reached.add(found)
    }
  }
  return [...reached]
}

/** Values that are written out: `const during = { state: 'stalled' }`. What is computed is what they are compared with. */
function constantsIn(bodies: readonly Node[]): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>()
  for (const node of bodies.flatMap((body) => [...within(body)])) {
    if (node.type !== 'VariableDeclarator' || node.id.type !== 'Identifier') continue
    const { init } = node
    if (init?.type === 'ObjectExpression' || init?.type === 'ArrayExpression') found.set(node.id.name, init)
  }
  return found
}

/** What an assertion says: `deepEqual(seen, …)`, `expect(seen).toEqual(…)`, `expect.poll(…).not.toBe(…)`. */
function saidBy(node: Node): readonly Node[] {
  if (node.type !== 'CallExpression') return []
  const { callee } = node
  if (callee.type === 'Identifier') return node.arguments.slice(0, assertions.get(callee.name) ?? 0)
  const [root] = [...within(callee)].filter(({ type }) => type === 'Identifier')
  return root?.type === 'Identifier' && root.name === 'expect' ? [node] : []
}

function* textsIn(node: Node, constants: ReadonlyMap<string, Node>): Generator<string> {
  const named = new Set([node])
  for (const value of named) {
    for (const each of within(value)) {
      const text = textOf(each)
      if (text !== undefined) yield text
      const constant = each.type === 'Identifier' ? constants.get(each.name) : undefined
      if (constant) named.add(constant)
    }
  }
}

function textOf(node: Node): string | undefined {
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}

/** The node, and all that it is made of. */
function* within(node: Node): Generator<Node> {
  yield node
  for (const value of Object.values(node)) {
    for (const child of [value].flat()) if (isNode(child)) yield* within(child)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string'
}
