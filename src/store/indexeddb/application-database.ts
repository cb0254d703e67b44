/** An open `IDBDatabase`, one that idb wraps, or a `Dexie`, open or not. */
export interface ApplicationDatabase {
  readonly name: string
  close(): void
}
