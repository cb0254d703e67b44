/** What a file of so many bytes holds: no two of its words alike for a long way, and the same wherever it is made. */
export function contentOf(bytes: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(bytes / 4))
  let word = bytes
  for (let index = 0; index < words.length; index++) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0
    words[index] = word
  }
  return new Uint8Array(words.buffer, 0, bytes)
}
