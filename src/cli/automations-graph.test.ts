import { expect, test } from 'vitest'
import { graphOfAutomations } from './automations-graph.ts'

test('each task of an automations file stands one level below what it needs, services above them', () => {
  const text = `
services: {db: {commands: {start: x}}}
tasks:
  top: {command: x, dependsOn: [left, right]}
  left: {command: x, dependsOn: [base]}
  right: {command: x, dependsOn: [base, db]}
  base: {command: x}
`
  const { steps } = graphOfAutomations(text, 'f')!
  expect(Object.fromEntries(steps.map((s) => [s.name, s.group]))).toEqual({ db: 0, base: 0, left: 1, right: 1, top: 2 })
  expect(steps.find((s) => s.name === 'right')?.needs).toEqual([
    { step: 'base', until: 'succeeded' },
    { step: 'db', until: 'ready' },
  ])
})

test('what does not exist is told with its place, a circle with its members; a task file is none of it', () => {
  expect(() => graphOfAutomations('tasks:\n  a: {command: x, dependsOn: [b]}', 'f')).toThrow(
    'f:2:31: task a depends on b',
  )
  const circle = 'tasks:\n  a: {command: x, dependsOn: [b]}\n  b: {command: x, dependsOn: [a]}'
  expect(() => graphOfAutomations(circle, 'f')).toThrow('a, b')
  expect(graphOfAutomations('name: x\ncommand: [true]', 'f')).toBeUndefined()
})
