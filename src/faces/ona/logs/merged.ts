/** Everything that the sources give, as it comes; ends when all have ended. */
export async function* merged<Item>(sources: readonly AsyncIterable<Item>[]): AsyncIterable<Item> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const ask = async (i: number) => ({ i, result: await iterators[i]!.next() })
  const asked = new Map(iterators.map((_, i) => [i, ask(i)]))
  try {
    while (asked.size > 0) {
      const { i, result } = await Promise.race(asked.values())
      if (result.done) asked.delete(i)
      else {
        asked.set(i, ask(i))
        yield result.value
      }
    }
  } finally {
    await Promise.all([...asked.keys()].map((i) => iterators[i]!.return?.()))
  }
}
