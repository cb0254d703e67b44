import type { Fault } from './fault.ts'

/** Faults where the queue meets the outside: stores, the wire, the server's end. */
export const outsideFaults: readonly Fault[] = [
  {
    name: 'the memory store does not check the mark',
    file: 'src/store/memory.ts',
    from: 'if (after.seq < log.floor) throw',
    to: 'if (after.seq < 0) throw',
    caughtBy: {
      file: 'test/conformance/memory.test.ts',
      test: 'a replica frozen at 100 cannot append after the others reached 600 and truncated',
    },
  },
  {
    name: 'IndexedDB does not compare the number of an entry',
    file: 'src/store/indexeddb/append.ts',
    from: 'if (given !== key) throw refused',
    to: 'if (given === undefined) throw refused',
    caughtBy: {
      file: 'test/conformance/fake-indexeddb.test.ts',
      test: 'a replica frozen at 100 cannot append after the others reached 600 and truncated',
    },
  },
  {
    name: 'IndexedDB has an entry count that came too late',
    file: 'src/store/indexeddb/schema.ts',
    from: 'return key !== base + seq ? [] : { seq, id, body }',
    to: 'return { seq, id, body }',
    caughtBy: {
      file: 'test/conformance/fake-indexeddb.test.ts',
      test: 'a commit behind the head decides again on what it missed, and appends that',
    },
  },
  {
    name: 'IndexedDB lets a replica go on whose last entries were lost in a crash',
    file: 'src/store/indexeddb/append.ts',
    from: 'if (given < key) throw logReplaced(attempt.limits.identity)',
    to: '',
    caughtBy: {
      file: 'test/conformance/fake-indexeddb.test.ts',
      test: 'a position ahead of the head is log-replaced',
    },
  },
  {
    name: 'IndexedDB is believed at the success of a request',
    file: 'src/store/indexeddb/transaction.ts',
    from: "transaction.addEventListener('complete', () => {",
    to: 'queueMicrotask(() => {',
    caughtBy: {
      file: 'test/conformance/indexeddb/faults.test.ts',
      test: 'success of a request is no commit: the promise waits for the transaction',
    },
  },
  {
    name: 'a page that is frozen keeps the transaction that it is in',
    file: 'src/store/indexeddb/freeze.ts',
    from: "document.addEventListener('freeze', suspended)",
    to: 'void suspended',
    caughtBy: {
      file: 'test/conformance/indexeddb/frozen.test.ts',
      test: 'a write under way when its page is frozen is given up, so that nobody has to wait for it, 3 steps on',
    },
  },
  {
    name: 'a page that is left for another one keeps the transaction that it is in',
    file: 'src/store/indexeddb/freeze.ts',
    from: "  addEventListener('pagehide', suspended)",
    to: '  void suspended',
    caughtBy: {
      file: 'test/conformance/indexeddb/frozen.test.ts',
      test: 'a write under way when its page is left for another page is given up, so that nobody has to wait for it, 3 steps on',
    },
  },
  {
    name: 'a transaction ends while its work waits: a row without its job',
    file: 'src/store/indexeddb/hold.ts',
    from: 'isBusy = false\n      keep()',
    to: 'isBusy = false',
    caughtBy: {
      file: 'test/unit/queue/transact.test.ts',
      test: 'work that waits for something else keeps neither row nor job, and is told why',
    },
  },
  {
    name: 'a row is committed although its job is refused',
    file: 'src/replica/batch.ts',
    from: 'if (refusal) throw refusal.error',
    to: 'void refusal',
    caughtBy: {
      file: 'test/unit/queue/transact.test.ts',
      test: 'a full backlog undoes row and job',
    },
  },
  {
    name: 'work that came to nothing is done again',
    file: 'src/replica/batch.ts',
    from: 'if (this.#joint?.isSpent) return',
    to: 'if (this.#joint === null) return',
    caughtBy: {
      file: 'test/unit/queue/transact.test.ts',
      test: 'a transaction lost after its work is over is rejected for sure, and the work is not done twice',
    },
  },
  {
    name: 'a cleared log leaves the key free that others expect',
    file: 'src/store/indexeddb/application-connection.ts',
    from: 'const base = Number(key)',
    to: 'const base = 0',
    caughtBy: {
      file: 'test/unit/store/own-database.test.ts',
      test: 'destroy leaves the rows and the other queues, and nobody appends to what is gone',
    },
  },
  {
    name: 'the page of a captive portal counts as an acknowledgement',
    file: 'src/sync/transport.ts',
    from: 'await bodyOf(response), () =>',
    to: '(await bodyOf(response)).replace(/^<[^]*/, () => JSON.stringify({ acknowledged: batch.last, id: batch.last + "-" + batch.items.at(-1)?.ack.id, rejected: [] })), () =>',
    caughtBy: {
      file: 'test/unit/sync/answers.test.ts',
      test: 'a 200 settles nothing when it is a captive portal’s page',
    },
  },
  {
    name: 'what a 200 says is believed without comparing ids',
    file: 'src/machine/outbox.ts',
    from: 'if (!isOwn(state, outbox, said.through, said.id))',
    to: 'if (said.through > outbox.last)',
    caughtBy: {
      file: 'test/unit/sync/answers.test.ts',
      test: 'a 200 settles nothing under another id: a new outbox begins at 1',
    },
  },
  {
    name: 'the receiver takes a gap',
    file: 'src/receiver/settlement.ts',
    from: 'batch.first > expected ?',
    to: 'batch.first < 0 ?',
    caughtBy: {
      file: 'test/unit/receiver/receiver.test.ts',
      test: 'a batch that leaves a gap is told which number is expected',
    },
  },
  {
    name: 'the receiver moves its mark although onAck threw',
    file: 'src/receiver/settlement.ts',
    from: "return { record, result: { type: 'failed', error, ack } }",
    to: "return { record: { principal, mark: to, id, rejected }, result: { type: 'failed', error, ack } }",
    caughtBy: 'simulator',
  },
  {
    name: 'the receiver takes what it knows already once more',
    file: 'src/receiver/settlement.ts',
    from: 'if (to <= (known?.mark ?? 0)) continue',
    to: 'if (to < (known?.mark ?? 0)) continue',
    caughtBy: 'simulator',
  },
  {
    name: 'the receiver on D1 does not look whether another was faster',
    file: 'src/receiver/d1.ts',
    from: 'IS ?6 THEN ?3 END',
    to: 'IS ?6 OR TRUE THEN ?3 END',
    caughtBy: {
      file: 'test/unit/receiver/d1.test.ts',
      test: 'a receiver on D1 runs no effect when its row was removed or moved meanwhile, but decides again',
    },
  },
  {
    name: 'the receiver on D1 keeps a lost answer for a failure',
    file: 'src/receiver/d1.ts',
    from: 'if (moved) return { atOnce }',
    to: 'if (moved) throw error',
    caughtBy: {
      file: 'test/unit/receiver/d1.test.ts',
      test: 'a receiver on D1 notices that a batch went through although its answer was lost',
    },
  },
  {
    name: 'the receiver on SQLite keeps what a rejected acknowledgement had written',
    file: 'src/receiver/sqlite.ts',
    from: '        undo.run()\n',
    to: '',
    caughtBy: {
      file: 'test/unit/receiver/sqlite.test.ts',
      test: 'a receiver on SQLite undoes what a rejected or failing acknowledgement had written, and nothing else',
    },
  },
]
