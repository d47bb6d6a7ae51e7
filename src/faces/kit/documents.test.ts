import { expect, test } from 'vitest'
import { EngineError } from '../../core/engine-error.ts'
import { asTenant } from '../../core/identity.ts'
import { MemoryStore } from '../../store/memory/memory-store.ts'
import { allDocuments, changeAgain, put } from './documents.ts'

const T = asTenant('t')

test('changes by many writers at once are all there in the end', async () => {
  const store = new MemoryStore()
  const add = (n: number) =>
    changeAgain(async () => {
      const found = await store.document<{ all: number[] }>(T, 'c', 'k')
      await new Promise(setImmediate)
      await store.commit([
        put(T, 'c', 'k', { all: [...(found?.body.all ?? []), n] }, { expected: found?.version ?? 0 }),
      ])
    })
  const numbers = Array.from({ length: 12 }, (_, i) => i)
  await Promise.all(numbers.map(add))
  const body = (await store.document<{ all: number[] }>(T, 'c', 'k'))?.body
  expect(body?.all.toSorted((a, b) => a - b)).toEqual(numbers)
})

test('another conflict, and another failure, are the caller’s at once', async () => {
  for (const error of [new EngineError('conflict', 'no', { subject: 'task' }), new Error('no')]) {
    let tries = 0
    const change = changeAgain(async () => {
      tries++
      throw error
    })
    await expect(change).rejects.toBe(error)
    expect(tries).toBe(1)
  }
})

test('all documents are read over as many pages as they take', async () => {
  const store = new MemoryStore()
  await store.commit(Array.from({ length: 1_201 }, (_, i) => put(T, 'c', String(i).padStart(4, '0'), { i })))
  const all = await allDocuments<{ i: number }>(store, T, 'c')
  expect(all.map((d) => d.body.i)).toEqual(Array.from({ length: 1_201 }, (_, i) => i))
})
