import { expect, test } from 'vitest'
import { useChromium } from '../browser/support/chromium.ts'
import { play } from './lab/lab.ts'
import { loadNotes } from './notes.ts'
import { holdfast } from './peers.ts'

const chromium = useChromium()
const notes = await loadNotes()
/** How long to wait for what has to come (milliseconds); who breaks the queue on purpose need not wait so long. */
const patienceMs = Number(process.env.PATIENCE_MS ?? 60_000)

test('there are the notes 1 to 30, each once', () => {
  expect(notes.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
})

for (const note of notes) {
  test(`${note.number}. ${note.name}`, async () => {
    const verdict = await play(note, holdfast, { chromium: chromium(), patienceMs })
    if (verdict.is !== 'survived') expect.fail(`${verdict.is}: ${verdict.because}`)
  })
}
