import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkPlan } from '../../../core/plan.ts'
import { type AutomationsFile, readAutomations } from '../../../workspaces/automations-file.ts'
import type { EnvironmentRecord, ServiceRecord, TaskRecord } from '../documents.ts'
import { DEFAULT_OPTIONS } from '../options.ts'
import { planOfTask } from './plan-of-task.ts'
import { factsOf } from './step-label.ts'

const FIXTURES = new URL('../../../workspaces/fixtures/', import.meta.url)

const base = { environment: 'e', description: '', createdAt: 0, creator: { id: 'u', kind: 'user' as const } }
const environment: EnvironmentRecord = {
  id: 'e',
  name: 'e',
  creator: base.creator,
  createdAt: 0,
  lastStartedAt: 0,
  spec: {},
  specVersion: 1,
  role: 'default',
  workspace: { directory: '/w', name: 'w', own: true },
  annotations: {},
  phase: 'running',
  start: '',
  starts: 1,
  automations: { path: '', state: 'ready' },
}

/** As they would be kept, with references for ids. */
function automationsOf(file: AutomationsFile) {
  const services = file.services.map((s): [string, ServiceRecord] => [
    s.reference,
    {
      ...base,
      id: s.reference,
      reference: s.reference,
      name: s.name,
      triggeredBy: s.triggeredBy,
      role: 0,
      commands: { start: s.start, ready: s.ready ?? '', stop: s.stop ?? '' },
      env: [],
      specVersion: 1,
      output: {},
    },
  ])
  const tasks = file.tasks.map((t): [string, TaskRecord] => [
    t.reference,
    {
      ...base,
      id: t.reference,
      reference: t.reference,
      name: t.name,
      triggeredBy: t.triggeredBy,
      dependsOn: t.dependsOn,
      spec: {
        command: t.command,
        env: [],
        prebuildRequiresSuccess: t.prebuildRequiresSuccess,
        ...(t.runsOn && { runsOn: t.runsOn }),
      },
      ...(t.extension && { extension: t.extension }),
    },
  ])
  return { tasks: new Map(tasks), services: new Map(services) }
}

function planned(text: string, root: string) {
  const automations = automationsOf(readAutomations(text))
  const { onFailure } = automations.tasks.get(root)!.extension ?? {}
  let ids = 0
  const plan = planOfTask({
    environment,
    automations,
    roots: [root],
    env: {},
    options: DEFAULT_OPTIONS,
    newId: () => String(ids++),
    ...(onFailure && { onFailure }),
  })
  checkPlan(plan)
  return plan
}

const groupsOf = ({ steps }: ReturnType<typeof planned>): readonly (readonly string[])[] => {
  const groups: string[][] = []
  for (const step of steps) groups[step.group] = [...(groups[step.group] ?? []), step.name].sort()
  return groups
}
const fixture = (name: string): string => readFileSync(new URL(name, FIXTURES), 'utf8')

test.each(readdirSync(FIXTURES))(
  'every task of %s has a plan in which each of its needs stands once, before it',
  (name) => {
    const text = fixture(name)
    for (const { reference } of readAutomations(text).tasks) {
      const { steps } = planned(text, reference)
      const at = new Map(steps.map((step) => [step.name, step]))
      expect(at.size).toBe(steps.length)
      for (const step of steps)
        for (const { step: needed } of step.conditions) expect(at.get(needed)!.group).toBeLessThan(step.group)
    }
  },
)

describe('a plan', () => {
  test('has groups by level, services among them, and steps that know their tasks', () => {
    const plan = planned(fixture('web-shop.yaml'), 'test-all')
    expect(groupsOf(plan)).toEqual([
      ['api', 'installDependencies', 'postgres'],
      ['lint', 'seed_database'],
      ['test-all'],
    ])
    const facts = new Map(plan.steps.map((step) => [step.name, factsOf(step)!]))
    expect(facts.get('postgres')).toMatchObject({ label: 'PostgreSQL', service: 'postgres' })
    expect(facts.get('lint')?.task?.spec.command).toBe('npx eslint . --max-warnings 0')
    expect(facts.get('test-all')?.dependsOn).toEqual(['seed_database', 'lint', 'api'].map((n) => facts.get(n)!.id))
    expect(plan.steps.find((s) => s.name === 'api')?.work).toMatchObject({ kind: 'await', until: 'healthy' })
  })

  test('follows references and merges of the file', () => {
    const { tasks } = readAutomations(fixture('monorepo.yml'))
    expect(tasks.find((t) => t.reference === '1-proto')).toMatchObject({
      name: 'Protocols',
      command: 'make proto',
      triggeredBy: ['postEnvironmentStart'],
      runsOn: { kind: 'machine' },
    })
    expect(groupsOf(planned(fixture('monorepo.yml'), 'release'))).toEqual([
      ['base'],
      ['1-proto'],
      ['client', 'server'],
      ['release'],
    ])
  })

  test('carries limits, tries and what a failure means to the others', () => {
    const steps = new Map(planned(fixture('extended.yaml'), 'report').steps.map((s) => [s.name, s]))
    expect(steps.get('fetch')).toMatchObject({
      timeoutMs: 5_400_000,
      retry: { on: 'failure', limit: 5, exitCodes: [22, 28], backoff: { initialMs: 500, factor: 1, maximumMs: 500 } },
      endsExecution: 'never',
      work: { env: { PORT: '8080', EMPTY: '' } },
    })
    expect(steps.get('report')).toMatchObject({ retry: { limit: 1 } })
    expect(planned(fixture('web-shop.yaml'), 'lint').steps[0]?.endsExecution).toBe('onGroupFailure')
  })
})
