import { customRandom, urlAlphabet } from 'nanoid'

const size = 21

/** For how many ids random bytes are asked for at a time: asking takes longer than making an id of them. */
const atOnce = 64

/** Makes ids as `nanoid()` does. Asks for nothing before the first. */
export function createMint(): () => string {
  let pool: Uint8Array<ArrayBuffer> | undefined
  let used = 0
  return customRandom(urlAlphabet, size, (bytes) => {
    if (pool === undefined || used === pool.length) {
      pool = crypto.getRandomValues(pool ?? new Uint8Array(bytes * atOnce))
      used = 0
    }
    used += bytes
    return pool.subarray(used - bytes, used)
  })
}
