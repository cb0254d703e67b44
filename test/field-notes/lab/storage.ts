/** How much is in all databases of the page's origin, in characters and bytes. Runs in the page. */
export async function measureStorage(): Promise<number> {
  const answer = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const sizeOf = (value: unknown): number => {
    if (value instanceof Blob) return value.size
    if (value instanceof ArrayBuffer) return value.byteLength
    if (typeof value !== 'object' || value === null) return String(value).length
    return Object.entries(value).reduce((sum, [name, field]) => sum + name.length + sizeOf(field), 0)
  }
  let sum = 0
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await answer(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const values: unknown[] = await answer(database.transaction(store).objectStore(store).getAll())
      sum += values.reduce((all: number, value) => all + sizeOf(value), 0)
    }
    database.close()
  }
  return sum
}
