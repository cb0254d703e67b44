import { urlAlphabet } from 'nanoid'

/** As many characters as an id of `nanoid()` has, of its alphabet: 126 random bits. */
const size = 21

/** For how many ids random bytes are asked for at a time: asking takes longer than making an id of them. */
const atOnce = 64

/**
 * Makes ids as `nanoid()` does, but in one piece: one that is joined of characters has to be copied when it is first
 * looked up. Asks for nothing before the first.
 */
export function createMint(): () => string {
  const letters = Uint8Array.from(urlAlphabet, (letter) => letter.charCodeAt(0))
  let pool = new Uint8Array(0)
  let used = 0
  return () => {
    if (used === pool.length) {
      pool = draw(letters)
      used = 0
    }
    used += size
    // Array-like is enough for apply, and much faster here than what spreads.
    return String.fromCharCode.apply(undefined, pool.subarray(used - size, used) as unknown as number[])
  }
}

/** The characters of random ids, as their codes. There are 64 letters. */
function draw(letters: Uint8Array): Uint8Array<ArrayBuffer> {
  const pool = crypto.getRandomValues(new Uint8Array(size * atOnce))
  for (let at = 0; at < pool.length; at++) pool[at] = letters[(pool[at] as number) & 63] as number
  return pool
}
