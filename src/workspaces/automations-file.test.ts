import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AutomationsProblem, readAutomations } from './automations-file.ts'

const WHOLE = `
services:
  db:
    name: Database
    description: Where things are kept
    role: ai-agent
    triggeredBy: [manual, postMachineStart, postEnvironmentStart, postDevcontainerStart, prebuild]
    runsOn: {docker: {image: postgres, environment: ["A=1", "B=2"]}}
    commands: {start: run, ready: check, stop: end}
    readinessTimeout: 1m30s
tasks:
  build:
    command: |
      make
      make test
    triggeredBy: [beforeSnapshot]
    runsOn: {machine: {}}
    prebuildRequiresSuccess: true
    x-taskport: {timeout: 5m, retry: {limit: 2, delay: 1s, exitCodes: [3]}, onFailure: run-all, env: {N: 1}}
  ship: {name: Ship it, command: ship, dependsOn: [build, db]}
`

test('every construct of a file is read; a missing name is the reference', () => {
  const { services, tasks } = readAutomations(WHOLE)
  expect(services).toEqual([
    {
      reference: 'db',
      name: 'Database',
      description: 'Where things are kept',
      triggeredBy: ['manual', 'postMachineStart', 'postEnvironmentStart', 'postDevcontainerStart', 'prebuild'],
      runsOn: { kind: 'docker', image: 'postgres', environment: ['A=1', 'B=2'] },
      role: 'ai-agent',
      start: 'run',
      ready: 'check',
      stop: 'end',
      readinessTimeoutMs: 90_000,
    },
  ])
  expect(tasks[0]).toEqual({
    reference: 'build',
    name: 'build',
    command: 'make\nmake test\n',
    dependsOn: [],
    triggeredBy: ['beforeSnapshot'],
    runsOn: { kind: 'machine' },
    prebuildRequiresSuccess: true,
    extension: {
      timeoutMs: 300_000,
      retry: { limit: 2, delayMs: 1_000, exitCodes: [3] },
      onFailure: 'run-all',
      env: { N: '1' },
    },
  })
  expect(tasks[1]?.dependsOn).toEqual(['build', 'db'])
})

test.each([
  ['tasks:\n  a:\n    command: x\n    retries: 3', 4, 5, 'retries'],
  ['tasks:\n  a b: {command: x}', 2, 3, 'reference'],
  ['tasks:\n  a: {name: x}', 2, 6, 'command'],
  ['tasks:\n  a: {command: x, triggeredBy: [sometimes]}', 2, 33, 'trigger'],
  ['tasks: [1]', 1, 8, 'mapping'],
  ['other: 1', 1, 1, 'other'],
  ['services:\n  a: {commands: {start: x}}\ntasks:\n  a: {command: x}', 4, 3, 'both'],
  ['services:\n  a: {commands: {start: x}, readinessTimeout: soon}', 2, 47, 'duration'],
  ['tasks:\n  a: {command: "x', 2, 18, ''],
  ['tasks:\n  a: {command: "x\\0y"}', 2, 16, 'NUL'],
  ['services:\n  a: {commands: {start: x}, readinessTimeout: 25h}', 2, 47, '24h'],
])('a mistake in %j is told with its line and column', (text, line, column, words) => {
  const problem = (() => {
    try {
      return readAutomations(text)
    } catch (error) {
      return error
    }
  })()
  expect(problem).toBeInstanceOf(AutomationsProblem)
  expect(problem).toMatchObject({ line, column, message: expect.stringContaining(words) })
})

test('JSON is read as well; nothing at all is an empty file', () => {
  expect(readAutomations('{"tasks":{"a":{"command":"x"}}}').tasks).toHaveLength(1)
  expect(readAutomations('')).toEqual({ services: [], tasks: [] })
})

test('any text is read or is a problem with a place, never another error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.constantFrom(
          WHOLE,
          'a: &a [*a]',
          'tasks: &a {<<: *a}',
          'tasks: {a: &a {<<: [*a, *a]}}',
          'tasks: *x',
          '? {x: 1}\n: 2',
          '--- 1\n--- 2',
        ),
      ),
      (text) => {
        try {
          readAutomations(text)
        } catch (error) {
          expect(error).toBeInstanceOf(AutomationsProblem)
        }
      },
    ),
    { numRuns: 500 },
  )
})
