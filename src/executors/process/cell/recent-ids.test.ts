import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentIds } from './recent-ids.ts'

const SIZE = 5
const id = fc.integer({ min: 0, max: 12 }).map(String)
const step = fc.oneof(fc.record({ add: id }), fc.record({ drop: id }))

describe('recent ids', () => {
  it('has what was added, less what was deleted and what more than its size came after', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ids = new RecentIds(SIZE)
        // Every place of the ring as it was filled, also of what was deleted: that keeps its place until it is overtaken.
        const filled: string[] = []
        const alive = new Map<string, number>()
        for (const one of steps) {
          if ('drop' in one) expect(ids.delete(one.drop)).toBe(alive.delete(one.drop))
          else {
            ids.add(one.add)
            if (!alive.has(one.add)) alive.set(one.add, filled.push(one.add))
            for (const [known, place] of alive) if (place <= filled.length - SIZE) alive.delete(known)
          }
          expect([...ids].sort()).toEqual([...alive.keys()].sort())
          expect([...alive.keys()].every((known) => ids.has(known))).toBe(true)
        }
      }),
    )
  })
})
