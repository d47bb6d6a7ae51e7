import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CloudFoundryError } from '../errors.ts'
import { parseLabelSelector } from './label-selector.ts'

const LABELS = { env: 'prod', tier: 'web', 'example.com/team': 'a', empty: '' }

test.each([
  ['env', true],
  ['nothing', false],
  ['!env', false],
  ['!nothing', true],
  ['env=prod', true],
  ['env==prod', true],
  ['env!=prod', false],
  ['nothing!=prod', true],
  ['env in (dev,prod)', true],
  ['env notin (dev, prod)', false],
  ['nothing notin (dev)', true],
  ['example.com/team=a,env in (prod,x),!nothing', true],
  ['empty=', true],
  ['env=prod,tier=db', false],
])('%s is %s', (selector, matches) => {
  expect(parseLabelSelector(selector)(LABELS)).toBe(matches)
})

test('any text is a selector or CF-BadQueryParameter, and one requirement negated is its opposite', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseLabelSelector(text)({})
      } catch (error) {
        expect(error).toBeInstanceOf(CloudFoundryError)
      }
    }),
  )
  const word = fc.stringMatching(/^[a-z]{1,3}$/)
  fc.assert(
    fc.property(word, word, fc.dictionary(word, word), (key, value, labels) => {
      expect(parseLabelSelector(`${key}!=${value}`)(labels)).toBe(!parseLabelSelector(`${key}=${value}`)(labels))
      expect(parseLabelSelector(`!${key}`)(labels)).toBe(!parseLabelSelector(key)(labels))
    }),
  )
})
