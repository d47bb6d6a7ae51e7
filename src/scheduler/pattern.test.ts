import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../core/engine-error.ts'
import { LONGEST_VALUE, matchesWhole, patternOf } from './pattern.ts'

const matches = (pattern: string, value: string): boolean => matchesWhole(patternOf(pattern), value)

const character = fc.constantFrom('a', 'b', '1', '_', '.', '-', ' ')
const atom = fc.constantFrom(
  'a',
  'b',
  '1',
  '.',
  '\\.',
  '\\d',
  '\\w',
  '\\s',
  '\\D',
  '[ab]',
  '[^a]',
  '[a-b1-]',
  '[\\d_]',
  '\\b',
  '^',
  '$',
)
const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?')
const { anyPattern } = fc.letrec<{ anyPattern: string; part: string; unit: string }>((tie) => ({
  anyPattern: fc
    .array(
      fc.array(tie('part'), { maxLength: 3 }).map((p) => p.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((b) => b.join('|')),
  part: fc.tuple(tie('unit'), quantifier).map(([unit, q]) => (['\\b', '^', '$'].includes(unit) ? unit : unit + q)),
  unit: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'group' },
    atom,
    tie('anyPattern').map((p) => `(${p})`),
  ),
}))

describe('a pattern', () => {
  test('matches what the same expression matches in JavaScript, whole', () => {
    fc.assert(
      fc.property(
        anyPattern,
        fc.array(character, { maxLength: 5 }).map((c) => c.join('')),
        (pattern, value) => {
          expect(matches(pattern, value)).toBe(new RegExp(`^(?:${pattern})$`).test(value))
        },
      ),
      { numRuns: 500 },
    )
  })

  test("has Java's own: quoting, classes by name, ignoring case, named groups", () => {
    const truths: readonly [string, string][] = [
      ['t2.*', 't2.small'],
      ['\\Qa.b*\\E+', 'a.b**'],
      ['\\p{Alpha}+\\P{Digit}', 'abc!'],
      ['(?i)EAST-[a-c]', 'east-B'],
      ['(?<name>x|y)\\x41\\u0042', 'yAB'],
      ['[^\\w]', 'é'],
      ['.', '😀'],
    ]
    expect(truths.filter(([pattern, value]) => !matches(pattern, value))).toEqual([])
    expect(matches('a.b', 'a\nb') || matches('t2', 't2.small')).toBe(false)
  })

  test('is refused when a matcher of linear time cannot do it, or when it is none', () => {
    const bad = [
      '(a)\\1',
      '(?=a)',
      '(?<=a)b',
      '(?>a)',
      'a++',
      'a**',
      '*',
      '(',
      ')',
      '[a',
      '[b-a]',
      'a{3,2}',
      'a{9999}',
      '\\',
      '[a&&b]',
      '\\p{Nope}',
      'x{',
      '\\q',
      `${'('.repeat(80)}a${')'.repeat(80)}`,
      'a'.repeat(1_001),
      '((a{100}){100}){100}',
    ]
    const taken = bad.filter((pattern) => {
      try {
        patternOf(pattern, 'value')
        return true
      } catch (error) {
        return !(error instanceof EngineError && error.code === 'invalid' && error.facts.field === 'value')
      }
    })
    expect(taken).toEqual([])
  })

  test('takes no more than linear time where a backtracking matcher would take for ever', () => {
    const long = 'a'.repeat(LONGEST_VALUE - 1)
    const began = performance.now()
    for (const pattern of ['(a+)+', '(a|aa)*b', '(a*)*c', '(.*a){20}', '((((){1000}){1000}){1000}){1000}a']) {
      expect(matches(pattern, `${long}!`)).toBe(false)
    }
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(matches('a*', `${long}aa`)).toBe(false)
  })
})
