const words = (
  'alga anchor ashore basalt bay beach blade bloom boat brine buoy canopy cliff coast cold copper coral crab creek ' +
  'current deep depth diver drift ebb eel estuary fathom fish flood foam forest frond gale gull harbour headland ' +
  'heron holdfast inlet island kelp lagoon ledge light limpet moon mussel net night north oar otter oyster pebble ' +
  'pier reef rock salt sand shell shoal tide wave'
).split(' ')

/** Two words at a time: making jobs is to take no longer than it must. */
const pairs = words.flatMap((first) => words.map((second) => `${first} ${second} `))

/**
 * Words by chance, the same for one seed: engines and databases compress, and what is the same for all jobs would cost
 * them next to nothing.
 */
export function textOf(seed: number, length: number): string {
  let text = ''
  let drawn = mixed(seed)
  while (text.length < length) {
    drawn = mixed(drawn)
    text += pairAt(drawn >>> 16) + pairAt(drawn)
  }
  return text.slice(0, length)
}

function pairAt(drawn: number): string {
  return pairs[(drawn & 0xffff) % pairs.length] ?? ''
}

/** The next of a sequence in which neighbours have nothing in common: splitmix32. */
function mixed(value: number): number {
  const next = (value + 0x9e37_79b9) | 0
  const once = Math.imul(next ^ (next >>> 16), 0x21f0_aaad)
  const twice = Math.imul(once ^ (once >>> 15), 0x735a_2d97)
  return twice ^ (twice >>> 15)
}
