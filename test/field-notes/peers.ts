import type { Peer } from './contract.ts'

export const holdfast: Peer = {
  id: 'holdfast',
  title: 'Holdfast',
  places: ['page', 'worker'],
  tag: 'writes',
  lacks: {},
}

/** Everybody who is put through the notes; Holdfast first. */
export const peers: readonly Peer[] = [holdfast]
