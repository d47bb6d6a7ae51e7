import { expect, test } from 'vitest'
import { Failure } from './failure.ts'
import { Unreachable } from './native-client.ts'
import { persistently } from './persistence.ts'

interface Item {
  readonly id: string
}

async function collected(open: (lastId: string | undefined) => AsyncIterable<Item>) {
  const away: boolean[] = []
  const items: string[] = []
  for await (const { id } of persistently(open, new AbortController().signal, (is) => away.push(is))) items.push(id)
  return { items, away }
}

test('a stream that breaks is opened again behind its last item, and ends when it ends by itself', async () => {
  async function* open(lastId: string | undefined): AsyncGenerator<Item> {
    const from = lastId === undefined ? 1 : Number(lastId) + 1
    for (let id = from; id <= 5; id++) {
      yield { id: String(id) }
      if (id === 2 || id === 4) throw new Unreachable('away')
    }
  }
  expect(await collected(open)).toEqual({ items: ['1', '2', '3', '4', '5'], away: [true, false, true, false] })
})

test('a refusal is no absence: it is not asked again', async () => {
  let asked = 0
  const open = (): AsyncIterable<Item> => {
    asked++
    throw new Failure('no')
  }
  await expect(collected(open)).rejects.toThrow('no')
  expect(asked).toBe(1)
})
