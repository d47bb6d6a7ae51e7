import fc from 'fast-check'
import { expect, test } from 'vitest'
import { candidateOf, NOW, nodeOf, snapshotOf } from '../../test/support/scheduler-world.ts'
import { asTenant } from '../core/identity.ts'
import { schedule } from './schedule.ts'
import type { Candidate } from './snapshot.ts'
import { WaitingLines } from './waiting-lines.ts'

const anyChange = fc.oneof(
  fc.record({
    does: fc.constant('add' as const),
    id: fc.nat(12),
    tenant: fc.constantFrom('a', 'b'),
    delay: fc.constantFrom(undefined, 3, 6, 9),
    cpuUnits: fc.constantFrom(1, 2),
  }),
  fc.record({ does: fc.constant('remove' as const), id: fc.nat(12) }),
  fc.record({ does: fc.constant('round' as const), now: fc.nat(12) }),
)

test('a queue kept over many changes and rounds decides as one built anew, also when the clock goes back', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 60 }), (changes) => {
      const kept = new WaitingLines()
      const all = new Map<string, Candidate>()
      const nodes = [nodeOf('n0')]
      changes.forEach((change, at) => {
        if (change.does === 'add') {
          const { id, delay, cpuUnits } = change
          // Orders both rise and fall, so that some join in the middle of their line.
          const order = at % 3 === 0 ? 1_000 - at : at
          const notBefore = delay === undefined ? undefined : NOW + delay
          const reservation = { cpuUnits: cpuUnits * 1_024, memoryBytes: 0 }
          const tenant = asTenant(change.tenant)
          const candidate = candidateOf(id, { order, notBefore, reservation, tenant })
          all.set(candidate.execution, candidate)
          kept.add(candidate)
        } else if (change.does === 'remove') {
          expect(kept.remove(candidateOf(change.id).execution)).toBe(all.delete(`e${change.id}`))
        } else {
          const decide = (queue: Iterable<Candidate>) =>
            schedule(snapshotOf({ nodes, running: [], queue: [], seed: 1 }, queue), NOW + change.now, { decisions: 99 })
          const acted = (queue: Iterable<Candidate>) =>
            decide(queue).filter((d) => d.kind !== 'defer' || d.position > 0)
          expect(acted(kept)).toEqual(acted([...all.values()]))
        }
        expect(new Set(kept)).toEqual(new Set(all.values()))
        expect(kept.size).toBe(all.size)
      })
    }),
    { numRuns: 300 },
  )
})

test('says when the next one becomes due, whoever left meanwhile', () => {
  const lines = new WaitingLines()
  for (const at of [5, 3, 9]) lines.add(candidateOf(at, { notBefore: NOW + at }))
  expect(lines.nextDueAt()).toBe(NOW + 3)
  lines.remove(candidateOf(3).execution)
  lines.ripen(NOW)
  expect(lines.nextDueAt()).toBe(NOW + 5)
  lines.ripen(NOW + 5)
  expect(lines.nextDueAt()).toBe(NOW + 9)
  lines.ripen(NOW + 9)
  expect(lines.nextDueAt()).toBeUndefined()
})
