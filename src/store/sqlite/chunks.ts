/** Well under the 2 MB that a row of a Durable Object may have, at three bytes a code unit. */
const chunkLength = 2 ** 19
const chunkBytes = 2 ** 20

/** A text in pieces that fit into a row, at least one. */
export function textChunks(text: string): string[] {
  const chunks: string[] = []
  let at = 0
  do {
    let end = at + chunkLength
    // Half of a surrogate pair cannot be written as UTF-8.
    if (isLeading(text.charCodeAt(end - 1))) end -= 1
    chunks.push(text.slice(at, end))
    at = end
  } while (at < text.length)
  return chunks
}

/** Bytes in pieces that fit into a row. */
export function byteChunks(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes))
  return chunks
}

function isLeading(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
