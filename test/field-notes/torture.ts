/**
 * Every note with every peer, as a table: `npm run torture`. `--note 8` and `--peer dexie` choose (several times each,
 * too), `--markdown` prints it as the README has it. Ends with status 1 where the lab failed, where Holdfast did not
 * survive, and where the README says something else than was seen, unless `--write` has the README rewritten.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startChromium } from '../browser/support/chromium.ts'
import { makeDirectory } from '../browser/support/scratch.ts'
import { source } from '../tools/from-source.ts'
import { complaintsOf } from './complaints.ts'
import type { Note, Peer } from './contract.ts'
import { play } from './lab/lab.ts'
import { loadNotes } from './notes.ts'
import { holdfast, peers } from './peers.ts'
import { playAll } from './play-all.ts'
import { differences, readRecord, rewritten } from './record.ts'
import { asMarkdown, asText, headingOf, type Row } from './table.ts'

/** How long a queue may take for what it has to do at once, on a busy machine. */
const patienceMs = 20_000

const { values } = parseArgs({
  options: {
    note: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true },
    markdown: { type: 'boolean' },
    write: { type: 'boolean' },
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

async function playIn(notes: readonly Note[], subjects: readonly Peer[]): Promise<Row[]> {
  const profile = makeDirectory()
  const undo: (() => Promise<void>)[] = []
  try {
    const chromium = await startChromium(profile.path, (kill) => void undo.push(kill))
    const tellAndPlay = (note: Note, peer: Peer) => {
      console.error(`${headingOf(note)}: ${peer.title}`)
      return play(note, peer, { chromium, patienceMs })
    }
    return await playAll(notes, subjects, tellAndPlay, console.error)
  } finally {
    for (const each of undo) await each()
    profile.remove()
  }
}

const readme = source('README.md')
const readReadme = (): string => readFileSync(readme, 'utf8')
// Now, and not in ten minutes: what cannot be read can be compared with nothing.
readRecord(readReadme())

const all = await loadNotes()
const notes = chosen(all, values.note, ({ number }) => String(number))
const subjects = chosen(peers, values.peer, ({ id }) => id)
const titles = subjects.map(({ title }) => title)
const seen = { titles, rows: await playIn(notes, subjects) }
console.log(values.markdown ? asMarkdown(titles, seen.rows) : asText(titles, seen.rows))

const complaints = complaintsOf(seen, holdfast.title)
if (values.write && complaints.length === 0) {
  const columns = peers.map(({ title }) => title)
  writeFileSync(readme, rewritten(readReadme(), { titles: columns, notes: all }, seen))
} else complaints.push(...differences(readRecord(readReadme()), seen))
if (complaints.length > 0) console.log(`\n${complaints.join('\n')}`)
process.exit(complaints.length > 0 ? 1 : 0)
