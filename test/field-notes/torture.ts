/**
 * Every note with every peer, as a table: `npm run torture`. `--note 8` and `--peer dexie` choose (several times each,
 * too), `--markdown` prints the README's table.
 */
import { parseArgs } from 'node:util'
import { startChromium } from '../browser/support/chromium.ts'
import { makeDirectory } from '../browser/support/scratch.ts'
import { broke, type Note, type Peer, type Verdict } from './contract.ts'
import { play } from './lab/lab.ts'
import { loadNotes } from './notes.ts'
import { peers } from './peers.ts'
import { asMarkdown, asText, type Row } from './table.ts'

/** How long a queue may take for what it has to do at once, on a busy machine. */
const patienceMs = 20_000

const { values } = parseArgs({
  options: {
    note: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true },
    markdown: { type: 'boolean' },
  },
})

function chosen<Item>(
  all: readonly Item[],
  names: string[] | undefined,
  nameOf: (item: Item) => string,
): Item[] {
  const unknown = names?.filter((name) => !all.some((item) => nameOf(item) === name)) ?? []
  if (unknown.length > 0) {
    throw new RangeError(`there is no ${unknown.join(', ')}; there are ${all.map(nameOf).join(', ')}`)
  }
  return all.filter((item) => names === undefined || names.includes(nameOf(item)))
}

/** A table with a gap in it is better than none: what went wrong stands in its place. */
function asVerdict(error: unknown): Verdict {
  console.error(error)
  return broke(String(error).split('\n', 1).join())
}

const notes: Note[] = chosen(await loadNotes(), values.note, ({ number }) => String(number))
const subjects: Peer[] = chosen(peers, values.peer, ({ id }) => id)
const profile = makeDirectory()
const undo: (() => Promise<void>)[] = []
const chromium = await startChromium(profile.path, (kill) => void undo.push(kill))

const rows: Row[] = []
try {
  for (const note of notes) {
    const verdicts = []
    for (const peer of subjects) {
      console.error(`${note.number}. ${note.name}: ${peer.title}`)
      verdicts.push(await play(note, peer, { chromium, patienceMs }).catch(asVerdict))
    }
    rows.push({ note, verdicts })
  }
} finally {
  for (const each of undo) await each()
  profile.remove()
}

const titles = subjects.map(({ title }) => title)
console.log(values.markdown ? asMarkdown(titles, rows) : asText(titles, rows))
process.exit(rows.every(({ verdicts }) => subjects[0] !== peers[0] || verdicts[0]?.is === 'survived') ? 0 : 1)
