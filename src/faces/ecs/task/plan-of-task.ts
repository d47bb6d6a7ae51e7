import type { Plan } from '../../../core/plan.ts'
import type { Resources } from '../../../core/resources.ts'
import type { RetryPolicy } from '../../../core/retry-policy.ts'
import type { Condition, EnvValue, StepSpec } from '../../../core/step-spec.ts'
import { impliedTargets } from '../task-definition/check-dependencies.ts'
import type { ContainerDefinition, TaskDefinition } from '../task-definition/task-definition.ts'
import { logTargetOf } from './log-target.ts'
import { resourcesOfTask } from './resources-of-task.ts'
import { runOfContainer } from './run-of-container.ts'
import { type ContainerRecord, labelsOf, type TaskRecord } from './task-record.ts'

/** Default time between SIGTERM and SIGKILL (ECS_CONTAINER_STOP_TIMEOUT; seed document). */
const STOP_TIMEOUT_S = 30
const RESTART_PERIOD_S = 300

export interface PlannedTask {
  readonly taskId: string
  /** The definition with overrides applied to its containers. */
  readonly definition: TaskDefinition
  readonly record: TaskRecord
  /** Complete environment by container name. */
  readonly environments: ReadonlyMap<string, Readonly<Record<string, EnvValue>>>
  /** No container engine is there, and the operator lets programs of the machine take its place. */
  readonly asPrograms: boolean
  /** Image → root file system, where the operator gave one. */
  readonly imageRoots: Readonly<Record<string, string>>
}

/** One step per container, all in one group: what orders them is `dependsOn`. */
export function planOfTask(task: PlannedTask): Plan {
  const { containerDefinitions: containers } = task.definition
  const { cpu, memory } = task.record.overrides
  const size = {
    ...numberOf('cpu', cpu ?? task.definition.cpu),
    ...numberOf('memory', memory ?? task.definition.memory),
    hard: task.record.launchType === 'FARGATE' || task.record.capacityProviderName?.startsWith('FARGATE') === true,
  }
  const resources = resourcesOfTask(containers, size)
  return { steps: containers.map((container, i) => stepOf(container, task, resources[i]!, i === 0)) }
}

const numberOf = <Name extends string>(name: Name, given: string | undefined): { readonly [K in Name]?: number } =>
  (given === undefined ? {} : { [name]: Number(given) }) as { readonly [K in Name]?: number }

function stepOf(container: ContainerDefinition, task: PlannedTask, resources: Resources, first: boolean): StepSpec {
  const { definition } = task
  const retry = retryOf(container)
  const record = recordOf(container, task)
  return {
    name: container.name,
    group: 0,
    conditions: conditionsOf(container),
    essential: container.essential,
    endsExecution: container.essential ? 'onExit' : 'never',
    resources,
    ...(retry && { retry }),
    stop: { signal: 'SIGTERM', graceMs: (container.stopTimeout ?? STOP_TIMEOUT_S) * 1000 },
    ...(container.startTimeout !== undefined && { startTimeoutMs: container.startTimeout * 1000 }),
    work: runOfContainer(
      container,
      definition,
      task.environments.get(container.name) ?? {},
      task.asPrograms,
      task.imageRoots[container.image],
    ),
    labels: labelsOf(record, first ? task.record : undefined),
  }
}

function recordOf(container: ContainerDefinition, task: PlannedTask): ContainerRecord {
  return {
    image: container.image,
    cpu: String(container.cpu),
    ...(container.memory !== undefined && { memory: String(container.memory) }),
    ...(container.memoryReservation !== undefined && { memoryReservation: String(container.memoryReservation) }),
    log: logTargetOf(container, task.definition.family, task.taskId),
    logDriver: container.logConfiguration?.logDriver ?? 'awslogs',
    logOptions: container.logConfiguration?.options ?? {},
  }
}

const UNTIL = { START: 'started', COMPLETE: 'completed', SUCCESS: 'succeeded', HEALTHY: 'healthy' } as const

/** `links` and `volumesFrom` imply START. */
function conditionsOf(container: ContainerDefinition): readonly Condition[] {
  const asked = (container.dependsOn ?? []).map(
    (d): Condition => ({ step: d.containerName, until: UNTIL[d.condition] }),
  )
  const known = new Set(asked.map((c) => c.step))
  const implied = [...new Set(impliedTargets(container))].filter((name) => !known.has(name))
  return [...asked, ...implied.map((step): Condition => ({ step, until: 'started' }))]
}

/** The agent restarts at once, whatever the exit code, unless it ran for less than the period. */
function retryOf(container: ContainerDefinition): RetryPolicy | undefined {
  const policy = container.restartPolicy
  if (!policy?.enabled) return undefined
  return {
    on: 'any',
    ...(policy.ignoredExitCodes && { ignoredExitCodes: policy.ignoredExitCodes }),
    minimumUptimeMs: (policy.restartAttemptPeriod ?? RESTART_PERIOD_S) * 1000,
    backoff: { initialMs: 0, factor: 1, maximumMs: 0 },
  }
}
