/** How many of the last lines are kept to be shown. */
const tailLength = 80

/** What happened, line by line: hashed whole, so that two runs can be compared, and its end kept to be read. */
export interface Trace {
  readonly hash: string
  readonly tail: readonly string[]
  note(line: string): void
}

/** `listener` is shown every line. */
export function createTrace(listener?: (line: string) => void): Trace {
  const tail: string[] = []
  // FNV-1a over UTF-16 code units, in two lanes.
  let [one, other] = [0x811c9dc5, 0x01000193]
  return {
    get hash() {
      return [one, other].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
    },
    tail,
    note(line) {
      for (let place = 0; place < line.length; place++) {
        const unit = line.charCodeAt(place)
        one = Math.imul(one ^ unit, 0x01000193)
        other = Math.imul(other ^ (unit + 7), 0x85ebca6b)
      }
      tail.push(line)
      if (tail.length > tailLength) tail.shift()
      listener?.(line)
    },
  }
}
