import { expect, test } from 'vitest'
import { broke, type Note, type Peer, survived } from '../../field-notes/contract.ts'
import { playAll } from '../../field-notes/play-all.ts'

const notes: Note[] = [1, 2].map((number) => ({ number, name: `note ${number}`, run: async () => survived }))
const peers: Peer[] = ['ours', 'theirs'].map((id) => ({ id, title: id, places: ['page'], lacks: {} }))

test('what fails in the lab is an error and no verdict, and all else is played', async () => {
  const play = async ({ number }: Note, { id }: Peer) => {
    if (number === 1 && id === 'theirs') throw new Error('the browser is gone\nat once')
    return number === 2 && id === 'theirs' ? broke('it is lost') : survived
  }
  const failures: unknown[] = []
  const rows = await playAll(notes, peers, play, (error) => failures.push(error))
  expect(rows.map(({ cells }) => cells)).toEqual([
    [{ is: 'survived' }, { is: 'error', because: 'Error: the browser is gone' }],
    [{ is: 'survived' }, { is: 'broke', because: 'it is lost' }],
  ])
  expect(failures).toEqual([new Error('the browser is gone\nat once')])
})
