import { expect, test } from 'vitest'
import { useChromium } from '../browser/support/chromium.ts'
import { survived } from './contract.ts'
import { play } from './lab/lab.ts'
import { loadNotes } from './notes.ts'
import { holdfast } from './peers.ts'

const chromium = useChromium()
const notes = await loadNotes()

test('there are the notes 1 to 30, each once', () => {
  expect(notes.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
})

for (const note of notes) {
  test(`${note.number}. ${note.name}`, async () => {
    expect(await play(note, holdfast, { chromium: chromium(), patienceMs: 60_000 })).toEqual(survived)
  })
}
