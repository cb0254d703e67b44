/**
 * What can become of the storage under a queue: which codes and states its user sees, and which tests show it. The README's
 * table is compared with this.
 */
export interface StorageFault {
  /** Codes of errors, states of the `store` event and reasons of dead letters, as the README names them. */
  readonly seen: readonly string[]
  /** Cases that run in all engines. */
  readonly engines?: readonly string[]
  /** Tests in Chromium, which alone can stage it, by their file. */
  readonly chromium?: Readonly<Record<string, string>>
}

export const storageFaults: Readonly<Record<string, StorageFault>> = {
  'the connection is closed underneath': {
    seen: ['failing', 'recovered'],
    engines: [
      'a connection that dies is opened again, and nobody notices',
      'a connection that is cut under a read is opened again, and nobody notices; under a write that is told, and it commits once',
    ],
  },
  'the database is deleted': {
    seen: ['replaced', 'job-cancelled'],
    engines: [
      'a database that is deleted under open pages is made anew, and each page is told that its jobs are gone',
    ],
    chromium: {
      'frozen.test.ts': 'a frozen tab keeps nobody from erasing the queue, and begins anew when it is thawed',
    },
  },
  'the site’s data is cleared': {
    seen: ['replaced', 'job-cancelled'],
    engines: [
      'site data that is cleared under open pages is begun anew, and each page is told that its jobs are gone',
    ],
    chromium: {
      'store.test.ts':
        'when the site’s data is cleared under open tabs, they go on with a new log, and nothing hangs',
    },
  },
  'the browser evicts it, with no page open': {
    seen: ['opened', 'lost'],
    chromium: {
      'evicted.test.ts':
        'a browser that evicts the database, and leaves the cookies, is found out by the next acknowledgement: the queue says which log is lost',
    },
  },
  'the browser finds its database damaged, and drops it': {
    seen: ['lost', 'opened'],
    chromium: {
      'torn-record.test.ts':
        'a database that Chromium drops, because it was killed in mid-write, is told as lost by the first who opens the new one',
    },
  },
  'the quota is reached': {
    seen: ['quota-exceeded', 'quota'],
    chromium: {
      'quota.test.ts':
        'in an origin filled to its quota nothing comes in, yet jobs settle, are cancelled and removed; then there is room again',
    },
  },
  'a transaction aborts, though its requests succeeded': {
    seen: ['failing', 'recovered', 'store-failed'],
    engines: [
      'a transaction that aborts although its requests succeeded is tried again, and commits once; where each aborts, calls say that nothing was kept, and reads go on',
    ],
  },
  'another page holds a transaction open, or is frozen in one': {
    seen: ['stalled', 'recovered'],
    engines: ['a transaction that another page keeps open holds up writes, which is told, and no reads'],
    chromium: {
      'frozen.test.ts':
        'a transaction that a frozen tab left open holds up writes, which is told, and no reads; once it is thawed they are made',
    },
  },
  'opening is blocked by other code’s connection': {
    seen: ['stalled', 'recovered'],
    engines: ['opening that others block is told, and waits: nothing is lost on the way'],
  },
  'a newer version of the library has written': {
    seen: ['version-ahead', 'down'],
    engines: [
      'a newer build that upgrades the database is not kept waiting, and the older page says version-ahead',
    ],
    chromium: {
      'older-build.test.ts':
        'a service worker $name stops the tabs of an older build, which ask to be reloaded, and takes their jobs uncharged',
    },
  },
  'an entry, or a page of the checkpoint, is damaged': {
    seen: ['store-corrupt', 'down'],
    engines: [
      'an entry that is damaged on the disk stops whoever has to read it, who can erase it; the others go on',
      'a page of the checkpoint that is damaged on the disk stops whoever has to read it, who can erase it; the others go on',
    ],
    chromium: {
      'corrupt.test.ts':
        'where the disk lost the files of large values, a payload ends its own job, as a dead letter, and an entry of the log is store-corrupt at once: that queue can be erased',
    },
  },
  'a payload is gone': {
    seen: ['payload-invalid', 'job-dead'],
    engines: ['a payload that is gone from the disk ends its job alone, as a dead letter that can be mended'],
  },
  'IndexedDB is absent, or refuses': {
    seen: ['store-unavailable'],
    engines: ['where IndexedDB is absent, or refuses, calls say how to ask for memory, which then works'],
    chromium: {
      'store.test.ts':
        'where cookies are blocked, and storage with them, calls say how to ask for memory, which then works',
    },
  },
  'Blobs cannot be stored': {
    seen: [],
    engines: [
      'where Blobs cannot be stored their bytes are, and jobs get them as Blobs, in other pages, too',
    ],
  },
}
