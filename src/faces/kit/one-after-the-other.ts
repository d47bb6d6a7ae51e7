const turns = new Map<string, Promise<unknown>>()

/** Work under one key never overlaps: a later one sees what an earlier one left, failed or not. */
export async function oneAfterTheOther<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve()
  const turn = before.catch(() => undefined).then(work)
  turns.set(key, turn)
  try {
    return await turn
  } finally {
    if (turns.get(key) === turn) turns.delete(key)
  }
}
