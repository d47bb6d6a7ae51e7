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
  expect(parseLabelSelector(selector).matches(LABELS)).toBe(matches)
})

test('any text is a selector or CF-BadQueryParameter, and one requirement negated is its opposite', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseLabelSelector(text).matches({})
      } catch (error) {
        expect(error).toBeInstanceOf(CloudFoundryError)
      }
    }),
  )
  const word = fc.stringMatching(/^[a-z]{1,3}$/)
  fc.assert(
    fc.property(word, word, fc.dictionary(word, word), (key, value, labels) => {
      const is = (selector: string) => parseLabelSelector(selector).matches(labels)
      expect(is(`${key}!=${value}`)).toBe(!is(`${key}=${value}`))
      expect(is(`!${key}`)).toBe(!is(key))
    }),
  )
})

test('what a selector needs, every match has', () => {
  const word = fc.stringMatching(/^[ab]{1,2}$/)
  const part = fc.oneof(
    word,
    fc.tuple(word, fc.constantFrom('=', '==', '!='), word).map((texts) => texts.join('')),
    fc.tuple(word, fc.constantFrom(' in ', ' notin '), word, word).map(([k, is, a, b]) => `${k}${is}(${a},${b})`),
  )
  const selectors = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','))
  fc.assert(
    fc.property(selectors, fc.dictionary(word, word), (text, labels) => {
      const { matches, needs } = parseLabelSelector(text)
      if (needs && matches(labels)) expect(needs.values).toContain(labels[needs.key])
    }),
  )
  expect(parseLabelSelector('x,!y,a in (b,c)').needs).toEqual({ key: 'a', values: ['b', 'c'] })
  expect(parseLabelSelector('x,!y,a!=b').needs).toBeUndefined()
})
