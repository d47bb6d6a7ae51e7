/** Submissions and task definitions of this wire → requests and specs of the core. */

import type { Constraint, PlacementSpec, Strategy } from '../../core/placement.ts'
import type { Plan } from '../../core/plan.ts'
import { checkPlan } from '../../core/plan.ts'
import type { RunSpec, StepSpec } from '../../core/step-spec.ts'
import type { Schedule, TaskSpec } from '../../core/task.ts'
import type { SubmissionRequest } from '../../engine/submission-request.ts'
import { badField } from './errors.ts'
import { ms, parseEnv, parseRetry, parseStep, part } from './parse-step.ts'
import { instantOf } from './units.ts'
import type { Step } from './wire/step.ts'
import { stepFields } from './wire/step.ts'
import type { Submission, TaskDefinition } from './wire/submission.ts'

export const FACE = 'native'
/** Name of the only step when a submission says `command`. */
export const ONLY_STEP = 'main'

/** `path` is where the submission stands in the body: '' or `[3].`. */
export function parseSubmission(wire: Submission, path = ''): SubmissionRequest {
  const plan = parsePlan(wire, path)
  if (plan && wire.task !== undefined) throw badField(`${path}task`, 'give a task or a plan, not both')
  if (!plan && wire.task === undefined)
    throw badField(`${path}command`, 'what to run is missing: give command, steps or task')
  return {
    face: FACE,
    ...part('name', wire.name),
    ...part('task', typeof wire.task === 'string' ? { name: wire.task } : wire.task),
    ...part('plan', plan),
    ...part('key', wire.key),
    ...part('notBefore', parseInstant(wire.notBefore, `${path}notBefore`)),
    ...part('expiresAt', parseInstant(wire.expiresAt, `${path}expiresAt`)),
    ...part('env', plan ? undefined : literalEnv(wire, path)),
    ...parseWhole(wire, path),
  }
}

export function parseTaskDefinition(wire: TaskDefinition): TaskSpec {
  const plan = parsePlan(wire, '')
  if (!plan) throw badField('command', 'what to run is missing: give command or steps')
  return { plan, ...parseWhole(wire, ''), ...part('schedule', wire.schedule && parseSchedule(wire.schedule)) }
}

/** What holds for the whole execution. Beside `command`, timeout and retry are the step's. */
function parseWhole(wire: TaskDefinition, path: string): Omit<TaskSpec, 'plan' | 'schedule'> {
  const whole = wire.command === undefined && wire.image === undefined
  const timeout = whole && wire.timeout !== undefined ? ms(wire.timeout, `${path}timeout`, 1) : undefined
  return {
    ...part('timeoutMs', timeout),
    ...part('retry', whole && wire.retry ? parseRetry(wire.retry, `${path}retry`) : undefined),
    ...part('priority', wire.priority),
    ...part('concurrency', wire.concurrency),
    ...part('ifNoRoom', wire.ifNoRoom),
    ...part('placement', wire.placement && parsePlacement(wire.placement, `${path}placement`)),
    ...part('labels', wire.labels),
    ...part('retentionMs', wire.retention === undefined ? undefined : ms(wire.retention, `${path}retention`)),
  }
}

function parsePlan(wire: TaskDefinition, path: string): Plan | undefined {
  const single = wire.command !== undefined || wire.image !== undefined
  if (wire.steps && single) throw badField(`${path}command`, 'give command or steps, not both')
  if (!single) refuseStepFields(wire, path)
  const steps = single ? [onlyStep(wire, path)] : wire.steps?.map((s, i) => parseStep(s, `${path}steps[${i}]`))
  if (!steps) return undefined
  const plan = { steps: single ? steps : withSharedEnv(steps, wire.env) }
  checkPlan(plan, path === '' ? 'plan' : `${path}plan`)
  return plan
}

/** `image: x` beside `steps` would silently mean nothing. */
function refuseStepFields(wire: TaskDefinition, path: string): void {
  const surplus = Object.keys(stepFields).find((key) => wire[key as keyof typeof stepFields] !== undefined)
  if (surplus) throw badField(`${path}${surplus}`, 'it belongs to a step: it stands here only beside command')
}

function onlyStep(wire: TaskDefinition, path: string): StepSpec {
  const { command, env, timeout, retry } = wire
  const step: Record<string, unknown> = { name: ONLY_STEP }
  for (const key of Object.keys(stepFields)) {
    const value = wire[key as keyof typeof stepFields]
    if (value !== undefined) step[key] = value
  }
  const whole = {
    ...step,
    ...part('run', command),
    ...part('env', env),
    ...part('timeout', timeout),
    ...part('retry', retry),
  }
  return parseStep(whole as Step, path.replace(/\.$/, ''))
}

/** The whole's env under each step's own. */
function withSharedEnv(steps: readonly StepSpec[], env: TaskDefinition['env']): readonly StepSpec[] {
  if (!env) return steps
  const shared = parseEnv(env)
  const over = (work: RunSpec): RunSpec => ({ ...work, env: { ...shared, ...work.env } })
  return steps.map((step) => (step.work.kind === 'run' ? { ...step, work: over(step.work) } : step))
}

/** A run of a registered task adds literals only: secrets and outputs belong to its definition. */
function literalEnv(wire: Submission, path: string): Readonly<Record<string, string>> | undefined {
  if (!wire.env) return undefined
  const literals: Record<string, string> = {}
  for (const [name, value] of Object.entries(wire.env)) {
    if (typeof value === 'object') throw badField(`${path}env.${name}`, 'only text may be added to a registered task')
    literals[name] = String(value)
  }
  return literals
}

function parsePlacement(wire: NonNullable<TaskDefinition['placement']>, path: string): PlacementSpec {
  const constraints = wire.constraints?.map((c, i) => parseConstraint(c, `${path}.constraints[${i}]`)) ?? []
  const constraint: Constraint | undefined = constraints.length > 1 ? { op: 'and', of: constraints } : constraints[0]
  return {
    ...part('node', wire.node),
    ...part('constraint', constraint),
    ...part('strategies', wire.strategies?.map(parseStrategy)),
  }
}

type WireConstraint = NonNullable<NonNullable<TaskDefinition['placement']>['constraints']>[number]

function parseConstraint({ attribute, op, value, values }: WireConstraint, path: string): Constraint {
  if (op === 'exists' || op === 'notExists') return { op, attribute }
  if (op === 'in' || op === 'notIn') {
    if (values === undefined) throw badField(`${path}.values`, `${op} needs values`)
    return { op, attribute, values }
  }
  if (value === undefined) throw badField(`${path}.value`, `${op} needs a value`)
  return { op, attribute, value }
}

function parseStrategy(text: string): Strategy {
  if (text === 'random') return { kind: 'random' }
  const [kind, by] = [text.split(':')[0], text.slice(text.indexOf(':') + 1)]
  if (kind === 'binpack') return { kind, by: by === 'cpu' ? 'cpu' : 'memory' }
  return { kind: 'spread', by: text === 'spread' ? 'node' : { attribute: by } }
}

const parseSchedule = (wire: NonNullable<TaskDefinition['schedule']>): Schedule => ({
  cron: wire.cron,
  timezone: wire.timezone ?? 'UTC',
  overlap: wire.overlap ?? 'skip',
  catchUp: wire.catchUp ?? 'latest',
  ...part(
    'catchUpWithinMs',
    wire.catchUpWithin === undefined ? undefined : ms(wire.catchUpWithin, 'schedule.catchUpWithin'),
  ),
  ...part('paused', wire.paused),
})

export function parseInstant(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined
  const instant = instantOf(text)
  if (instant === undefined) throw badField(field, `${text} is no RFC 3339 time`)
  return instant
}
