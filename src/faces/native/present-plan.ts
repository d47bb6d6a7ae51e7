/** Steps and task definitions of the core → this wire: what was asked for, in the words it is asked in. */
import type { Constraint, PlacementSpec, Strategy } from '../../core/placement.ts'
import { durationText, sizeText } from '../../core/quantity-text.ts'
import type { RetryPolicy } from '../../core/retry-policy.ts'
import type { Condition, EnvValue, RunSpec, StepSpec } from '../../core/step-spec.ts'
import type { Task, TaskSpec } from '../../core/task.ts'
import { timeText } from './units.ts'

type Json = Record<string, unknown>

const duration = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : durationText(ms))
const size = (bytes: number | undefined): string | undefined => (bytes === undefined ? undefined : sizeText(bytes))
const cores = (units: number | undefined): number | undefined =>
  units === undefined ? undefined : Math.round((units / 1024) * 10_000) / 10_000

export const presentTask = (task: Task) => ({
  name: task.name,
  revision: task.revision,
  state: task.state,
  registeredAt: timeText(task.registeredAt),
  definition: presentDefinition(task.spec),
})

export const presentDefinition = (spec: TaskSpec): Json => ({
  steps: spec.plan.steps.map(presentStepSpec),
  timeout: duration(spec.timeoutMs),
  retry: spec.retry && presentRetry(spec.retry),
  priority: spec.priority,
  concurrency: spec.concurrency,
  ifNoRoom: spec.ifNoRoom,
  placement: spec.placement && presentPlacement(spec.placement),
  labels: spec.labels,
  retention: duration(spec.retentionMs),
  schedule: spec.schedule && {
    cron: spec.schedule.cron,
    timezone: spec.schedule.timezone,
    overlap: spec.schedule.overlap,
    catchUp: spec.schedule.catchUp,
    catchUpWithin: duration(spec.schedule.catchUpWithinMs),
    paused: spec.schedule.paused,
  },
})

export const presentStepSpec = (step: StepSpec): Json => ({
  name: step.name,
  group: step.group === 0 ? undefined : step.group,
  needs: step.conditions.length === 0 ? undefined : step.conditions.map(presentNeed),
  essential: step.essential,
  endsExecution: step.endsExecution,
  ...(step.work.kind === 'run' ? presentRun(step.work) : { await: awaitOf(step.work) }),
  cpu: cores(step.resources.cpuUnits),
  cpuLimit: cores(step.resources.cpuLimitUnits),
  memory: size(step.resources.memoryBytes),
  reservedMemory: size(step.resources.reservedMemoryBytes),
  pids: step.resources.pids,
  disk: size(step.resources.diskBytes),
  timeout: duration(step.timeoutMs),
  retry: step.retry && presentRetry(step.retry),
  stop: step.work.kind === 'run' ? { signal: step.stop.signal, grace: durationText(step.stop.graceMs) } : undefined,
  startTimeout: duration(step.startTimeoutMs),
  labels: step.labels,
})

const presentNeed = ({ step, until }: Condition): unknown => (until === 'succeeded' ? step : { step, until })

function awaitOf(work: Extract<StepSpec['work'], { kind: 'await' }>): Json {
  const { kind: _kind, ...rest } = work
  return rest
}

function presentRun(run: RunSpec): Json {
  const { kind: _kind, argv, env, health, mounts, ...rest } = run
  return {
    ...rest,
    run: argv.length === 0 ? undefined : argv,
    env: Object.keys(env).length === 0 ? undefined : mapValues(env, presentEnvValue),
    health: health && {
      run: health.argv,
      interval: durationText(health.intervalMs),
      timeout: durationText(health.timeoutMs),
      retries: health.retries,
      startPeriod: durationText(health.startPeriodMs),
    },
    mounts: mounts?.map(({ sizeBytes, ...mount }) => ({ ...mount, size: size(sizeBytes) })),
  }
}

const presentEnvValue = (value: EnvValue): unknown =>
  typeof value === 'object' && 'output' in value
    ? { output: `${value.output.step}.${value.output.key}`, optional: value.optional }
    : value

const mapValues = (map: Readonly<Record<string, EnvValue>>, f: (value: EnvValue) => unknown): Json =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, f(value)]))

const presentRetry = (policy: RetryPolicy): Json => ({
  limit: policy.limit,
  on: policy.on,
  exitCodes: policy.exitCodes,
  ignoredExitCodes: policy.ignoredExitCodes,
  minimumUptime: duration(policy.minimumUptimeMs),
  whenLost: policy.whenLost,
  backoff: policy.backoff && {
    initial: durationText(policy.backoff.initialMs),
    factor: policy.backoff.factor,
    maximum: durationText(policy.backoff.maximumMs),
  },
})

const presentPlacement = (placement: PlacementSpec): Json => ({
  node: placement.node,
  constraints: placement.constraint && comparisonsOf(placement.constraint),
  strategies: placement.strategies?.map(strategyText),
})

/** What other faces may say beyond a list of comparisons (or, not, runs) has no words here and is left out. */
function comparisonsOf(constraint: Constraint): readonly Constraint[] {
  if (constraint.op === 'and') return constraint.of.flatMap(comparisonsOf)
  return 'attribute' in constraint ? [constraint] : []
}

function strategyText(strategy: Strategy): string {
  if (strategy.kind === 'random') return 'random'
  if (strategy.kind === 'binpack') return `binpack:${strategy.by}`
  return strategy.by === 'node' ? 'spread' : `spread:${strategy.by.attribute}`
}
