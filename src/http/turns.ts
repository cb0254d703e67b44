/**
 * Does something once what came before it under this key has ended, however it did: that is told to whoever asked for
 * it. `turns` keeps the last of each key that is under way, and no other.
 */
export function inTurn<T>(
  turns: Map<string, Promise<unknown>>,
  key: string,
  go: () => Promise<T>,
): Promise<T> {
  const turn = Promise.resolve(turns.get(key)).then(go, go)
  turns.set(key, turn)
  const forget = (): void => {
    if (turns.get(key) === turn) turns.delete(key)
  }
  turn.then(forget, forget)
  return turn
}
