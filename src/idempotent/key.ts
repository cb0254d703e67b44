const maxLength = 255

/** Not a comma: two headers arrive as one, with a comma between them. Not a semicolon, which begins parameters. */
const bare = /^[^\s"\\,;]+$/
/** A string of RFC 9651, and what may follow it: parameters, which mean nothing here. */
const quoted = /^"((?:[^"\\]|\\["\\])+)"\s*(?:;.*)?$/
const printable = /^[\x20-\x7e]+$/

/**
 * The key in an `Idempotency-Key` header: the draft has it as a string in quotes, most clients send it without, and it
 * is the same key. `undefined` unless it is 1 to 255 printable ASCII characters.
 */
export function parseKey(header: string): string | undefined {
  const text = header.trim()
  if (!printable.test(text)) return undefined
  const key = bare.test(text) ? text : quoted.exec(text)?.[1]?.replace(/\\(.)/g, '$1')
  return key !== undefined && key.length <= maxLength ? key : undefined
}
