/** All of a stream, or `undefined` when it has more than `maxBytes`: the rest is not read then. */
export async function readBytes(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (stream === null) return new Uint8Array()
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return joined(chunks, length)
    length += value.byteLength
    if (length > maxBytes) {
      // Whoever sends may be slow to notice, and the answer need not wait for that.
      reader.cancel().catch(() => undefined)
      return undefined
    }
    chunks.push(value)
  }
}

/** One array of all chunks, whose lengths add up to `length`. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}
