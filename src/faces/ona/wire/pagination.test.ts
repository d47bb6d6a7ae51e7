import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Page, Paged } from '../../../core/ports/store.ts'
import { filteredPage } from './pagination.ts'

/** A source of the numbers below `size`, which counts how often it is read. */
function sourceOf(size: number) {
  let reads = 0
  const read = async ({ limit, after }: Page): Promise<Paged<number>> => {
    reads++
    const from = after === undefined ? 0 : Number(after)
    const items = Array.from({ length: Math.max(0, Math.min(limit, size - from)) }, (_, i) => from + i)
    return from + limit < size ? { items, next: String(from + limit) } : { items }
  }
  return { read, reads: () => reads }
}

test('pages of what passes are whole and in order, each item once, and no page but the last is short', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 9 }),
      async (size, limit, every) => {
        const { read } = sourceOf(size)
        const wanted = (n: number): boolean => n % every === 0 || n > size / 2
        const pages: (readonly number[])[] = []
        for (let after: string | undefined, more = true; more; ) {
          const { items, next } = await filteredPage({ limit, ...(after !== undefined && { after }) }, read, wanted)
          pages.push(items)
          if (next !== undefined) expect(items).toHaveLength(limit)
          after = next
          more = next !== undefined
        }
        expect(pages.flat()).toEqual(Array.from({ length: size }, (_, i) => i).filter(wanted))
      },
    ),
  ))

test('what is rare is found in few reads', async () => {
  const { read, reads } = sourceOf(20_000)
  const { items } = await filteredPage({ limit: 2 }, read, (n) => n === 1 || n === 19_999)
  expect(items).toEqual([1, 19_999])
  expect(reads()).toBeLessThan(80)
})
