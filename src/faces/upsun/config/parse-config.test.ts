import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UpsunError } from '../errors.ts'
import { parseConfig } from './parse-config.ts'

const task = (body: string): string => `tasks:\n  t:\n    type: "python:3.13"\n    run: { command: "true" }\n${body}`

const problemsOf = (text: string): string => {
  try {
    parseConfig(text)
    return ''
  } catch (error) {
    if (error instanceof UpsunError) return error.message
    throw error
  }
}

describe('a configuration', () => {
  test('with tasks alone is valid; what is left out has the documented default', () => {
    expect(parseConfig(task(''))[0]).toEqual({
      ...{ name: 't', type: 'python:3.13', sourceRoot: '/', build: null, deploy: null, command: 'true' },
      ...{ timeoutSeconds: 3_600, resources: null, containerProfile: null, authorizations: [], relationships: {} },
      ...{ additionalHosts: {}, mounts: {}, timezone: null, variables: {}, dependencies: {}, runtime: {} },
    })
  })

  test('takes the three forms of a relationship and both of a mount', () => {
    const text = task(
      '    relationships: { db: , a: "s:e", b: { service: x, endpoint: y } }\n    mounts: { /a/b: tmp, c: { source: service, service: o, source_path: "" } }\n',
    )
    const [read] = parseConfig(text)
    expect(read!.relationships).toEqual({
      db: { service: 'db', endpoint: null },
      a: { service: 's', endpoint: 'e' },
      b: { service: 'x', endpoint: 'y' },
    })
    expect(read!.mounts).toEqual({
      '/a/b': { source: 'tmp', source_path: 'ab' },
      c: { source: 'service', source_path: '', service: 'o' },
    })
  })

  test.each([
    ['stack: x', 'Unknown key: stack'],
    ['timezone: Mars/Base', 'no such time zone'],
    ['additional_hosts: { a: b }', 'an IP address is needed'],
    ['mounts: { ../x: tmp }', 'no path of a mount'],
    ['mounts: { x: { source: service } }', 'names it: service'],
    ['source: { root: ../../etc }', 'may not leave the repository'],
    ['authorizations: [ { type: env, action: delete } ]', 'one of view is needed'],
    ['authorizations: [ { type: task, action: operate, resource: other } ]', 'must name a task of this configuration'],
    ['variables: { env: { "1A": x } }', 'cannot be the name of a variable'],
    ['dependencies: { nodejs: { "--global": "*" } }', 'no name of a package'],
    ['dependencies: { python3: { x: "--index-url=http://evil" } }', 'a version is needed'],
    ['resources: { base_memory: 5000 }', 'a whole number from 1 to 1024 is needed'],
    ['runtime: { extensions: [x] }', 'means something for php only'],
  ])('%s is refused by name, where it stands', (line, message) => {
    const problem = problemsOf(task(`    ${line}\n`))
    expect(problem).toMatch(/^\.upsun\/config\.yaml:5:\d+: tasks\.t\./)
    expect(problem).toContain(message)
  })

  test('of whatever text is read or refused with line and column, never anything else', () => {
    const pieces = fc.constantFrom(
      'tasks:',
      ' ',
      '\n',
      'a',
      '&x',
      '*x',
      '<<:',
      '{',
      '}',
      '[',
      ']',
      ':',
      '-',
      '"',
      '!!',
      '|',
      '\t',
      'null',
      'type',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((p) => p.join('')),
        ),
        (text) => {
          const problem = problemsOf(text)
          if (problem !== '') expect(problem).toMatch(/^\.upsun\/config\.yaml:\d+:\d+: /)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a task of any JSON shape is read or refused', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.constantFrom(
          'run',
          'mounts',
          'relationships',
          'authorizations',
          'variables',
          'hooks',
          'source',
          'resources',
          'runtime',
          'dependencies',
          'type',
        ),
        (json, key) => {
          problemsOf(`tasks: {"t": {"${key}": ${json}}}`)
          problemsOf(`tasks: {"t": ${json}}`)
          problemsOf(`tasks: ${json}`)
        },
      ),
      { numRuns: 300 },
    )
  })
})
