import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Page } from '../../core/ports/store.ts'
import { MOST_COUNTED } from '../../core/ports/store.ts'
import { NumberedPages } from './numbered-pages.ts'

/** A list by key that counts what is read of it. */
function listOf(length: number) {
  let read = 0
  const items = Array.from({ length }, (_, i) => i)
  return {
    items,
    reads: () => read,
    name: 'list',
    count: async () => length,
    async read({ limit, after }: Page) {
      const from = after === undefined ? 0 : Number(after)
      const page = items.slice(from, from + limit)
      read += page.length
      const end = from + page.length
      return end < length ? { items: page, next: String(end) } : { items: page }
    },
  }
}

test('any page of any list is what an offset would give, whatever was asked before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(60),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 12 }),
      async (length, perPage, asked) => {
        const pages = new NumberedPages()
        const list = listOf(length)
        for (const page of asked) {
          const expected = list.items.slice((page - 1) * perPage, page * perPage)
          const total = { total: length, pages: Math.max(1, Math.ceil(length / perPage)) }
          expect(await pages.read(list, page, perPage)).toEqual({ items: expected, ...total })
        }
      },
    ),
  )
})

test('who goes through a list reads each item once; what was remembered long ago is counted off anew', async () => {
  let now = 0
  const pages = new NumberedPages(() => now)
  const list = listOf(100)
  for (let page = 1; page <= 10; page++) await pages.read(list, page, 10)
  expect(list.reads()).toBe(100)
  now += 120_000
  await pages.read(list, 10, 10)
  expect(list.reads()).toBe(200)
})

test('a page behind the end is empty, one too far to be counted off is refused; neither takes long', async () => {
  const pages = new NumberedPages()
  expect(await pages.read(listOf(3), 999_999_999, 50)).toEqual({ items: [], total: 3, pages: 1 })
  const endless = { ...listOf(3), count: async () => MOST_COUNTED }
  await expect(pages.read(endless, 999_999_999, 50)).rejects.toMatchObject({ code: 'invalid' })
})
