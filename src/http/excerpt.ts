/** The longest excerpt kept (UTF-16 code units). */
const maxExcerpt = 500

const readable = /^(text\/|application\/([\w.-]+\+)?json\b)/i

/**
 * The beginning of a response's body, where it is text. Whatever is not read is cancelled, so that its connection is
 * free again; a body that takes longer than `withinMs` is cut off where it is.
 *
 * @throws what reading throws: `TypeError` for a lost connection, the signal's reason for an abort.
 */
export async function excerptOf(response: Response, withinMs: number): Promise<string> {
  // One that somebody else has read, or is reading, is theirs to finish.
  if (response.body === null || response.bodyUsed || response.body.locked) return ''
  const reader = response.body.getReader()
  // Cancelling answers a waiting read with `done`.
  const timer = setTimeout(() => void reader.cancel().catch(ignoreLoss), withinMs)
  try {
    return readable.test(response.headers.get('content-type') ?? '') ? await readText(reader) : ''
  } finally {
    clearTimeout(timer)
    reader.cancel().catch(ignoreLoss)
  }
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  while (text.length < maxExcerpt) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  return text.slice(0, maxExcerpt).toWellFormed()
}

/** Cancelling a body that has failed rejects with that failure, which the reading has already shown. */
function ignoreLoss(): void {
  return
}
