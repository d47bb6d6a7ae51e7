import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AwsError } from '../errors.ts'
import { compileForPlacement, matchesQuery } from './compile-query.ts'
import { parseQuery } from './parse-query.ts'
import type { Query } from './query.ts'
import type { QueryTarget } from './query-target.ts'

const target: QueryTarget = {
  id: 'a'.repeat(32),
  attributes: {
    'ecs.instance-type': 't2.small',
    'ecs.availability-zone': 'us-east-1a',
    stack: 'prod',
    size: '16',
    empty: '',
  },
  agentConnected: true,
  agentVersion: '1.51.0',
  ec2InstanceId: 'i-abcd1234',
  registeredAt: Date.UTC(2026, 1, 18),
  runningTasksCount: 2,
  taskGroups: ['service:production', 'family:db'],
}

/** The developer guide's own examples and every operator in both spellings; what each says of the instance above. */
const CASES: readonly (readonly [string, boolean])[] = [
  ['attribute:ecs.instance-type == t2.small', true],
  ['attribute:ecs.instance-type==t2.small', true],
  ['attribute:ecs.instance-type equals t2.micro', false],
  ['attribute:stack != prod', false],
  ['attribute:stack not_equals dev', true],
  ['attribute:absent != x', false],
  ['attribute:stack exists', true],
  ['attribute:empty exists', true],
  ['attribute:absent !exists', true],
  ['attribute:stack not_exists', false],
  ['attribute:ecs.availability-zone in [us-east-1a, us-east-1b]', true],
  ["attribute:stack in ['dev','test']", false],
  ['attribute:stack !in [dev]', true],
  ['attribute:stack not_in [prod]', false],
  ['attribute:ecs.instance-type =~ t2.*', true],
  ['attribute:ecs.instance-type matches g2.*', false],
  ['attribute:ecs.instance-type =~ (t2|t3).+', true],
  ['attribute:ecs.instance-type =~ t2', false],
  ['attribute:ecs.instance-type !~ t2.*', false],
  ['attribute:ecs.instance-type not_matches g.*', true],
  ['attribute:size > 9', true],
  ['attribute:size greater_than 16', false],
  ['attribute:size >= 16', true],
  ['attribute:size less_than_equal 16', true],
  ['attribute:size < 100', true],
  ['agentConnected == true', true],
  ['agentVersion >= 1.9.0', true],
  ['agentVersion < 1.51.0', false],
  ['ec2InstanceId in ["i-abcd1234","i-wxyx7890"]', true],
  ['registeredAt > 2026-02-17', true],
  ['registeredAt less_than 2026-02-18T00:00:00Z', false],
  ['runningTasksCount > 1', true],
  ['runningTasksCount == 3', false],
  ['task:group == service:production', true],
  ['not(task:group == database)', true],
  ['task:group != family:db', false],
  ['task:group =~ service:.*', true],
  ['task:group !in [service:other]', true],
  ['(attribute:stack == prod) && (attribute:size == 16)', true],
  ['attribute:stack == dev || attribute:size == 16 && runningTasksCount > 5', false],
  ['attribute:stack == prod or attribute:size == 16 and runningTasksCount > 5', true],
  ['!(attribute:stack == dev)', true],
  ['! attribute:stack == dev', true],
  ['attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d', false],
]

test.each(CASES)('%s', (text, holds) => {
  expect(matchesQuery(parseQuery(text), target)).toBe(holds)
})

test.each([
  '',
  'attribute:stack',
  'attribute: == x',
  'stack == prod',
  'attribute:stack == ',
  'attribute:stack in prod',
  'attribute:stack in [prod',
  'attribute:stack in []',
  '(attribute:stack == prod',
  'attribute:stack == prod)',
  'attribute:stack == prod attribute:size == 1',
  'attribute:stack =~ (a',
  'attribute:stack =~ (?=a)',
  'attribute:stack == prod &&',
  'x'.repeat(2001),
])('refused: %s', (text) => {
  expect(() => parseQuery(text)).toThrow(AwsError)
})

describe('whatever is written', () => {
  const word = fc.constantFrom(
    'attribute:a',
    'task:group',
    'runningTasksCount',
    '==',
    '!in',
    'in',
    '[',
    ']',
    '(',
    ')',
    '&&',
    'or',
    'not',
    '=~',
    "'q'",
    'v',
    ',',
    '.*',
    '!',
  )
  test('is understood or refused as AWS refuses, never anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 12 }).map((w) => w.join(' ')),
        ),
        (text) => {
          try {
            expect(typeof matchesQuery(parseQuery(text), target)).toBe('boolean')
          } catch (error) {
            expect(error).toBeInstanceOf(AwsError)
          }
        },
      ),
    )
  })
})

test('a pattern that would take a backtracking matcher for ever is answered at once', () => {
  const long = { ...target, attributes: { a: 'a'.repeat(128) } }
  const before = performance.now()
  expect(matchesQuery(parseQuery('attribute:a =~ (a+)+b'), long)).toBe(false)
  expect(performance.now() - before).toBeLessThan(1_000)
})

test('for placing, what only the face knows becomes a list of instances', () => {
  const other = { ...target, id: 'b'.repeat(32), runningTasksCount: 0 }
  const query: Query = parseQuery('runningTasksCount < 1 and attribute:stack == prod')
  expect(compileForPlacement(query, [target, other], 'ecs.group')).toEqual({
    op: 'and',
    of: [
      { op: 'in', attribute: 'ecs.instance', values: [other.id] },
      { op: 'equals', attribute: 'stack', value: 'prod' },
    ],
  })
})
