interface FileSystem {
  open(path: string, flags: string): Promise<{ datasync(): Promise<void>; close(): Promise<void> }>
}

/** Puts a write-ahead log on the disk: all that is in it, whoever wrote it. */
export async function flushLog(path: string): Promise<void> {
  // Not by a literal: bundlers for other places would look for the module.
  const specifier = 'node:fs/promises'
  const { open }: FileSystem = await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)
  try {
    // Nothing that SQLite locks: on those files, closing a descriptor would lift its locks.
    const file = await open(path, 'r+')
    await file.datasync().finally(() => file.close())
  } catch (error) {
    // The last connection was closed meanwhile: it has put everything into the database, and that on the disk.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
