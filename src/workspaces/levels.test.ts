import fc from 'fast-check'
import { expect, test } from 'vitest'
import { circleOf, levelsOf } from './levels.ts'

/** Items that only need earlier ones, so that there is no circle. */
const acyclic = fc
  .array(fc.array(fc.nat(), { maxLength: 5 }), { minLength: 1, maxLength: 40 })
  .map((needs) => needs.map((n, i) => ({ id: `t${i}`, dependsOn: i === 0 ? [] : n.map((k) => `t${k % i}`) })))

test('every needed item stands once, after all it needs and as early as it can', () => {
  fc.assert(
    fc.property(acyclic, (items) => {
      const byId = new Map(items.map((item) => [item.id, item]))
      const levels = levelsOf([items.at(-1)!.id], byId)
      const at = new Map(levels.flatMap((level, i) => level.map((item) => [item.id, i] as const)))
      expect(levels.flat()).toHaveLength(at.size)
      for (const [id, level] of at) {
        const needed = byId.get(id)!.dependsOn.map((need) => at.get(need)!)
        expect(level).toBe(Math.max(-1, ...needed) + 1)
      }
      expect(circleOf(items)).toBeUndefined()
    }),
  )
})

test('a circle is found and spelled out', () => {
  const items = [
    { id: 'a', dependsOn: ['b'] },
    { id: 'b', dependsOn: ['c'] },
    { id: 'c', dependsOn: ['b'] },
  ]
  expect(circleOf(items)).toEqual(['b', 'c', 'b'])
  expect(circleOf([{ id: 'self', dependsOn: ['self'] }])).toEqual(['self', 'self'])
})

test('10,000 tasks in a chain are planned without recursion, in well under a second', () => {
  const items = Array.from({ length: 10_000 }, (_, i) => ({ id: `t${i}`, dependsOn: i === 0 ? [] : [`t${i - 1}`] }))
  const begun = performance.now()
  expect(circleOf(items)).toBeUndefined()
  expect(levelsOf(['t9999'], new Map(items.map((item) => [item.id, item])))).toHaveLength(10_000)
  expect(performance.now() - begun).toBeLessThan(1_000)
})
