import { expect, test } from 'vitest'
import { simulate } from '../../src/testing/simulator.ts'

/**
 * Schedules that once failed, named for what they found. A seed means a schedule only as long as the simulator draws
 * the same: whoever changes what it draws finds them anew, by taking the fix back and running seeds until one fails.
 */
test.each([
  [35, 'a worker that is started while its queue is closing ends with it'],
  [91, 'a destroy that is refused at the last moment leaves the worker and the sender on'],
  [264, 'a checkpoint’s late answer says nothing of the pages of a log that was made anew'],
  [18, 'a context that left, and starts anew, sends its acknowledgements again'],
  [7, 'a retry in the entry that claims again waits as long as it was told to'],
  [842, 'the time that the store takes to read a payload is charged to no handler'],
])('seed %i: %s', async (seed) => {
  await expect(simulate({ seed })).resolves.toMatchObject({ seed })
})
