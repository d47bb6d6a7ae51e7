/** What is under way, by key. */
export type Turns = Map<string, Promise<unknown>>

/** Work under one key of `turns` never overlaps: a later one sees what an earlier one left, failed or not. */
export async function inTurn<T>(turns: Turns, key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve()
  const mine = before.then(work, work)
  turns.set(key, mine)
  try {
    return await mine
  } finally {
    if (turns.get(key) === mine) turns.delete(key)
  }
}
