import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../core/engine-error.ts'
import type { Constraint } from '../core/placement.ts'
import { compareAttributes } from './attribute-order.ts'
import { checkConstraint, looksAtRuns, type Subject, satisfies } from './constraint.ts'

const subject: Subject = {
  attributes: { zone: 'east-1a', cores: '16', agent: '1.10.2', since: '2026-03-01T10:00:00Z', empty: '' },
  count: (ref, value) => (ref === 'group' && value === 'web' ? 2 : 0),
  values: (ref) => (ref === 'group' ? ['web'] : []),
}
const holds = (constraint: Constraint): boolean => satisfies(constraint, subject)
type Compared = Extract<Constraint, { attribute: string; value: string }>
const compared = (attribute: string, op: Compared['op'], value: string): boolean => holds({ op, attribute, value })

describe('a constraint', () => {
  test('compares numbers as numbers, versions part by part, and all else as text', () => {
    const truths: readonly [string, Compared['op'], string][] = [
      ['cores', 'greater', '9'],
      ['cores', 'lessOrEqual', '16.0'],
      ['agent', 'greater', '1.9.0'],
      ['agent', 'less', '1.10.10'],
      ['agent', 'greaterOrEqual', '1'],
      ['agent', 'greater', '1.10.2-rc1'],
      ['since', 'greater', '2026-02-28T10:00:00Z'],
      ['zone', 'equals', 'east-1a'],
      ['zone', 'notEquals', 'east-1b'],
      ['zone', 'matches', 'east-.*'],
      ['zone', 'notMatches', 'east'],
    ]
    expect(truths.filter(([attribute, op, value]) => !compared(attribute, op, value))).toEqual([])
  })

  test('is false for an attribute that is absent, whatever it asks but notExists', () => {
    const ops = [
      'equals',
      'notEquals',
      'less',
      'lessOrEqual',
      'greater',
      'greaterOrEqual',
      'matches',
      'notMatches',
    ] as const
    for (const attribute of ['none', 'constructor', '__proto__']) {
      expect(ops.filter((op) => compared(attribute, op, '.*'))).toEqual([])
      expect(holds({ op: 'in', attribute, values: ['a'] }) || holds({ op: 'notIn', attribute, values: ['a'] })).toBe(
        false,
      )
      expect(holds({ op: 'exists', attribute })).toBe(false)
      expect(holds({ op: 'notExists', attribute })).toBe(true)
    }
    expect(holds({ op: 'exists', attribute: 'empty' })).toBe(true)
  })

  test('asks what runs on the node', () => {
    const runs = (cmp: 'equals' | 'notEquals' | 'matches' | 'in', ...values: string[]): boolean =>
      holds({ op: 'runs', ref: 'group', cmp, values })
    expect([runs('equals', 'web'), runs('in', 'db', 'web'), runs('matches', 'w.b')]).toEqual([true, true, true])
    expect([runs('equals', 'db'), runs('notEquals', 'web'), runs('matches', 'w')]).toEqual([false, false, false])
    expect(runs('notEquals', 'db')).toBe(true)
    expect(looksAtRuns({ op: 'not', of: { op: 'or', of: [{ op: 'runs', ref: 'g', cmp: 'in', values: [] }] } })).toBe(
      true,
    )
  })

  test('with a pattern that is none is false, and harms no other', () => {
    expect([compared('zone', 'matches', '('), compared('zone', 'notMatches', '(')]).toEqual([false, false])
    expect(holds({ op: 'runs', ref: 'group', cmp: 'matches', values: ['(', 'web'] })).toBe(true)
  })

  test('is refused by name when a pattern in it is none', () => {
    const bad: Constraint = { op: 'matches', attribute: 'a', value: '(' }
    const check = (constraint: Constraint) => () => checkConstraint(constraint, 'placement.constraint')
    const invalidAt = (field: string): EngineError => expect.objectContaining({ code: 'invalid', facts: { field } })
    expect(check({ op: 'and', of: [{ op: 'not', of: bad }] })).toThrow(invalidAt('placement.constraint.of[0].of.value'))
    expect(check({ op: 'runs', ref: 'g', cmp: 'matches', values: ['a', '['] })).toThrow(
      invalidAt('placement.constraint.values[1]'),
    )
    let deep: Constraint = { op: 'exists', attribute: 'a' }
    for (let i = 0; i < 100; i++) deep = { op: 'not', of: deep }
    expect(check(deep)).toThrow(EngineError)
  })
})

test('versions have one order: it can be turned round, and three values never run in a circle', () => {
  const version = fc
    .tuple(fc.array(fc.nat(12), { minLength: 2, maxLength: 4 }), fc.constantFrom('', '-rc1', '-rc2', '+build'))
    .map(([parts, suffix]) => `${parts.join('.')}${suffix}`)
  // Two parts alone are numbers to each other, versions beside a third: only three and more have one order among them.
  const long = version.filter((v) => v.split('.').length > 2)
  fc.assert(
    fc.property(long, long, long, (a, b, c) => {
      expect(Math.sign(compareAttributes(a, b)) + Math.sign(compareAttributes(b, a))).toBe(0)
      if (compareAttributes(a, b) <= 0 && compareAttributes(b, c) <= 0) {
        expect(compareAttributes(a, c)).toBeLessThanOrEqual(0)
      }
    }),
  )
})
