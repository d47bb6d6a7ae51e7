import { describe, expect, test } from 'vitest'
import { ClaimIndex } from './claim-index.ts'
import type { Claim } from './face.ts'

const accepts = (type: string): NonNullable<Claim['when']> => ({
  id: `accepts ${type}`,
  test: ({ headers }) => String(headers.accept).includes(type),
})
const target = (name: string): NonNullable<Claim['when']> => ({
  id: 'x-target',
  test: ({ headers }) => headers['x-target'] !== undefined || name === '',
})

/** The shapes of the one-origin table, vendors' names aside. */
const faces: Readonly<Record<string, readonly Claim[]>> = {
  a: [{ method: 'POST', exact: '/' }],
  c: [{ method: 'GET', exact: '/' }, { prefix: '/v3' }, { exact: '/Users' }, { prefix: '/api/v1/info' }],
  o: [{ pattern: '^/api/[^/]*\\.[^/]*/' }, { prefix: '/api/ona/logs' }],
  l: [{ prefix: '/api' }, { pattern: '^/media/[^/]+/' }],
  n: [{ prefix: '/taskport/v1' }, { method: 'GET', exact: '/', when: accepts('text/html') }],
}
const claimed = (table: Readonly<Record<string, readonly Claim[]>>) =>
  Object.entries(table).flatMap(([face, claims]) => claims.map((claim) => ({ claim, face, target: face })))
const index = new ClaimIndex(claimed(faces))
const find = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  index.find({ method, path, query: '', headers })

describe('a request reaches the face with the most specific claim', () => {
  test.each([
    ['POST', '/', 'a'],
    ['GET', '/', 'c'],
    ['HEAD', '/', 'c'],
    ['PUT', '/', undefined],
    ['GET', '/v3', 'c'],
    ['GET', '/v3/tasks/1', 'c'],
    ['GET', '/v3x', undefined],
    ['GET', '/users', undefined],
    ['GET', '/Users', 'c'],
    ['GET', '/api/v1/info', 'c'],
    ['GET', '/api/v1/informal', 'l'],
    ['POST', '/api/gitpod.v1.X/Get', 'o'],
    ['GET', '/api/ona/logs/1', 'o'],
    ['GET', '/api/asset', 'l'],
    ['GET', '/api', 'l'],
    ['GET', '/apix', undefined],
    ['GET', '/media/abc/index.m3u8', 'l'],
    ['GET', '/media', undefined],
    ['GET', '/taskport/v1/executions', 'n'],
    ['GET', '/taskport', undefined],
    ['GET', '', undefined],
  ])('%s %s', (method, path, face) => expect(find(method, path)).toBe(face))

  test('a condition goes before none', () => expect(find('GET', '/', { accept: 'text/html' })).toBe('n'))

  test('whatever the order of the faces', () => {
    const turned = new ClaimIndex(claimed(faces).toReversed())
    for (const [path, headers] of [
      ['/', { accept: 'text/html' }],
      ['/api/a.b/c', {}],
      ['/api/v1/info', {}],
    ] as const)
      expect(turned.find({ method: 'GET', path, query: '', headers })).toBe(find('GET', path, headers))
  })
})

describe('two equal claims are refused', () => {
  const both = (one: Claim, other: Claim) => () => new ClaimIndex(claimed({ one: [one], other: [other] }))

  test('naming both faces and what they claim', () => {
    expect(both({ prefix: '/v3' }, { prefix: '/v3' })).toThrow('faces one and other both claim any method /v3')
    expect(both({ method: 'GET', exact: '/x' }, { method: 'GET', exact: '/x' })).toThrow('GET /x')
    expect(both({ pattern: '^/a' }, { pattern: '^/a' })).toThrow('/a')
    expect(both({ exact: '/', when: target('') }, { exact: '/', when: target('') })).toThrow('when x-target')
  })

  test('and claims that differ in method or condition are not', () => {
    expect(both({ exact: '/' }, { exact: '/', method: 'GET' })).not.toThrow()
    expect(both({ exact: '/' }, { exact: '/', when: target('') })).not.toThrow()
  })
})
