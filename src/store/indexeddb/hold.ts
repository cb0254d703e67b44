import type { Joined } from '../contract.ts'
import type { Step } from './step.ts'

/**
 * Lets an application work in the transaction; then goes on with `then`. A transaction ends as soon as it has nothing
 * to do: so that it never does so with the application's rows and without the queue's, it is given something.
 */
export function hold({ transaction, store, answered, abort }: Step, joined: Joined, then: () => void): void {
  let isDone = false
  let isBusy = false
  let beat: IDBRequest | undefined
  const heard = ({ target }: Event) => {
    isBusy ||= target !== beat
  }
  // On their way down: answers do not bubble.
  for (const type of ['success', 'error']) transaction.addEventListener(type, heard, true)
  const release = only(transaction)
  const keep = () => {
    beat = store('meta').getKey('mark')
    answered(beat, () => {
      if (isDone) {
        release()
        return then()
      }
      joined.wait(isBusy)
      isBusy = false
      keep()
    })
  }
  joined.work(transaction).then(() => {
    isDone = true
  }, abort)
  keep()
}

/** Keeps the application from committing by itself, until the function returned is called. */
function only(transaction: IDBTransaction): () => void {
  transaction.commit = () => {
    throw new TypeError('Cannot commit the transaction: the queue does, when the work is done')
  }
  return () => void Reflect.deleteProperty(transaction, 'commit')
}
