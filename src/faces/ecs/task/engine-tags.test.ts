import { expect, test } from 'vitest'
import { AwsError } from '../errors.ts'
import { engineWishes } from './engine-tags.ts'

const wishes = (tags: Readonly<Record<string, string>>) =>
  engineWishes(
    Object.entries(tags).map(([key, value]) => ({ key, value })),
    'family',
  )

test.each([
  [{}, { ifNoRoom: 'refuse' }],
  [{ TIMEOUT: '90' }, { ifNoRoom: 'refuse', timeoutMs: 90_000 }],
  [
    { TIMEOUT: '90', 'taskport:timeout': '2h' },
    { ifNoRoom: 'refuse', timeoutMs: 7_200_000 },
  ],
  [{ 'taskport:retries': '2' }, { ifNoRoom: 'refuse', retry: { on: 'failure', limit: 2 } }],
  [{ 'taskport:queue': 'true' }, { ifNoRoom: 'queue' }],
  [{ 'taskport:retention': '7d' }, { ifNoRoom: 'refuse', retentionMs: 604_800_000 }],
  [{ 'taskport:priority': '5' }, { ifNoRoom: 'refuse', priority: 5 }],
  [{ 'taskport:concurrency': '3' }, { ifNoRoom: 'refuse', concurrency: [{ key: 'ecs/family', limit: 3 }] }],
  [{ 'taskport:concurrency': 'db=1' }, { ifNoRoom: 'refuse', concurrency: [{ key: 'ecs/db', limit: 1 }] }],
])('tags %j ask the engine for %j', (tags, wanted) => expect(wishes(tags)).toEqual(wanted))

test.each([
  ['TIMEOUT', 'soon'],
  ['TIMEOUT', '0'],
  ['taskport:timeout', '-5m'],
  ['taskport:retries', 'many'],
  ['taskport:queue', 'perhaps'],
  ['taskport:priority', '1.5'],
  ['taskport:concurrency', '0'],
])('a tag %s of %j is refused by name, never ignored', (key, value) => {
  expect(() => wishes({ [key]: value })).toThrow(AwsError)
  expect(() => wishes({ [key]: value })).toThrow(key)
})
