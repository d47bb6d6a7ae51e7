import { expect, test, vi } from 'vitest'
import { uuidIds } from './uuid-ids.ts'

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('ids are UUIDs of version 7 that rise, differ, and say when they were made', () => {
  const before = Date.now()
  const ids = Array.from({ length: 50_000 }, () => uuidIds.other())
  for (const id of ids) expect(id).toMatch(SHAPE)
  expect(ids).toEqual(ids.toSorted())
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(ids.map((id) => id.slice(-12))).size).toBe(ids.length)
  const at = Number.parseInt(ids[0]!.replace('-', '').slice(0, 12), 16)
  expect(at - before).toBeLessThan(50)
  expect(at).toBeGreaterThanOrEqual(before)
})

test('ids rise also when the clock is set back', () => {
  const first = uuidIds.other()
  const clock = vi.spyOn(Date, 'now').mockReturnValue(1_000)
  const later = [uuidIds.other(), uuidIds.other()]
  clock.mockRestore()
  expect([first, ...later]).toEqual([first, ...later].toSorted())
})
