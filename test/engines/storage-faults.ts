/**
 * What can become of the storage under a queue: which tests show it, and which codes and states each of them asserts. The
 * README's table is compared with this, and this with what the tests assert.
 */
export interface Shown {
  /** In `test/browser`: a test in Chromium, which alone can stage it. Without one it is a case that runs in all engines. */
  readonly file?: string
  /** Its name, in full. */
  readonly test: string
  /** Codes of errors, states of the `store` event and reasons of dead letters, as the README names them. */
  readonly asserts: readonly string[]
}

export const storageFaults: Readonly<Record<string, readonly Shown[]>> = {
  'the connection is closed underneath': [
    { test: 'a connection that dies is opened again, and nobody notices', asserts: [] },
    {
      test: 'a connection that is cut under a read is opened again, and nobody notices; under a write that is told, and it commits once',
      asserts: ['failing', 'recovered'],
    },
  ],
  'the database is deleted': [
    {
      test: 'a database that is deleted under open pages is made anew, and each page is told that its jobs are gone',
      asserts: ['replaced', 'job-cancelled'],
    },
    {
      file: 'frozen.test.ts',
      test: 'a frozen tab keeps nobody from erasing the queue, and begins anew when it is thawed',
      asserts: ['replaced'],
    },
  ],
  'the site’s data is cleared': [
    {
      test: 'site data that is cleared under open pages is begun anew, and each page is told that its jobs are gone',
      asserts: ['replaced', 'job-cancelled'],
    },
    {
      file: 'store.test.ts',
      test: 'when the site’s data is cleared under open tabs, they go on with a new log, and nothing hangs',
      asserts: ['replaced', 'job-cancelled'],
    },
  ],
  'the browser evicts it, with no page open': [
    {
      file: 'evicted.test.ts',
      test: 'a browser that evicts the database, and leaves the cookies, is found out by the next acknowledgement: the queue says which log is lost',
      asserts: ['opened', 'lost'],
    },
  ],
  'the browser finds its database damaged, and drops it': [
    {
      file: 'torn-record.test.ts',
      test: 'a database that Chromium drops, because it was killed in mid-write, is told as lost by the first who opens the new one',
      asserts: ['lost', 'opened'],
    },
  ],
  'the quota is reached': [
    {
      file: 'quota.test.ts',
      test: 'in an origin filled to its quota nothing comes in, yet jobs settle, are cancelled and removed; then there is room again',
      asserts: ['quota-exceeded', 'quota'],
    },
  ],
  'a transaction aborts, though its requests succeeded': [
    {
      test: 'a transaction that aborts although its requests succeeded is tried again, and commits once; where each aborts, calls say that nothing was kept, and reads go on',
      asserts: ['failing', 'recovered', 'store-failed'],
    },
  ],
  'another page holds a transaction open, or is frozen in one': [
    {
      test: 'a transaction that another page keeps open holds up writes, which is told, and no reads',
      asserts: ['stalled', 'recovered'],
    },
    {
      file: 'frozen.test.ts',
      test: 'a transaction that a frozen tab left open holds up writes, which is told, and no reads; once it is thawed they are made',
      asserts: ['stalled', 'recovered'],
    },
  ],
  'opening is blocked by other code’s connection': [
    {
      test: 'opening that others block is told, and waits: nothing is lost on the way',
      asserts: ['stalled', 'recovered'],
    },
  ],
  'a newer version of the library has written': [
    {
      test: 'a newer build that upgrades the database is not kept waiting, and the older page says version-ahead',
      asserts: ['version-ahead'],
    },
    {
      file: 'older-build.test.ts',
      test: 'a service worker $name stops the tabs of an older build, which ask to be reloaded, and takes their jobs uncharged',
      asserts: ['version-ahead', 'down'],
    },
  ],
  'an entry, or a page of the checkpoint, is damaged': [
    {
      test: 'an entry that is damaged on the disk stops whoever has to read it, who can erase it; the others go on',
      asserts: ['store-corrupt', 'down'],
    },
    {
      test: 'a page of the checkpoint that is damaged on the disk stops whoever has to read it, who can erase it; the others go on',
      asserts: ['store-corrupt', 'down'],
    },
    {
      file: 'corrupt.test.ts',
      test: 'where the disk lost the files of large values, a payload ends its own job, as a dead letter, and an entry of the log is store-corrupt at once: that queue can be erased',
      asserts: ['store-corrupt', 'down'],
    },
  ],
  'a payload is gone': [
    {
      test: 'a payload that is gone from the disk ends its job alone, as a dead letter that can be mended',
      asserts: ['payload-invalid', 'job-dead'],
    },
  ],
  'IndexedDB is absent, or refuses': [
    {
      test: 'where IndexedDB is absent, or refuses, calls say how to ask for memory, which then works',
      asserts: ['store-unavailable'],
    },
    {
      file: 'store.test.ts',
      test: 'where cookies are blocked, and storage with them, calls say how to ask for memory, which then works',
      asserts: ['store-unavailable'],
    },
  ],
  'Blobs cannot be stored': [
    {
      test: 'where Blobs cannot be stored their bytes are, and jobs get them as Blobs, in other pages, too',
      asserts: [],
    },
  ],
}
