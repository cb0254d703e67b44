/** What a page has for the tests: the behaviour suite, on the store that is asked for. */
import { indexedDbStore, memoryStore } from 'holdfast'
import { runBehaviour } from '../behaviour/run.ts'

Object.assign(globalThis, {
  runCell: async (name: string) => {
    if (name === 'memoryStore()') return runBehaviour({ store: memoryStore })
    if (name === 'indexedDbStore()') return runBehaviour({ store: indexedDbStore, reopen: indexedDbStore })
    throw new RangeError(`There is no store ${name} in a page`)
  },
})
