import { type Execution, stepsOf } from '../../../core/execution.ts'
import { allStartedAt, firstEssentialEndAt, firstPullAt, lastPullEndAt } from '../../../core/facts.ts'
import type { Instant } from '../../../core/instant.ts'
import { clusterArn, definitionArn, type Home, instanceArn, taskArn } from '../arn.ts'
import { taskIdOf } from '../identifiers.ts'
import { instanceIdOf } from '../instance/instance-id.ts'
import type { Tag } from '../tags.ts'
import { desiredStatusOf, healthOfTask, isStopping, lastStatusOf } from './life-cycle.ts'
import type { TaskOverride } from './overrides.ts'
import { presentAttachments } from './present-attachment.ts'
import { presentContainer, type WireContainer } from './present-container.ts'
import { stoppedOf } from './stop-reason.ts'
import { type TaskRecord, taskRecordOf } from './task-record.ts'

/** A task as the API shows it. Times are epoch seconds with milliseconds. */
export interface WireTask {
  readonly taskArn: string
  readonly clusterArn: string
  readonly taskDefinitionArn: string
  readonly lastStatus: string
  readonly desiredStatus: string
  readonly containers: readonly WireContainer[]
  readonly tags: readonly Tag[]
  readonly version: number
  readonly [member: string]: unknown
}

/** `tags` are shown only where they were asked for. Throws for an execution of another face. */
export function presentTask(home: Home, e: Execution, tags: readonly Tag[] = []): WireTask {
  const record = taskRecordOf(e)
  if (!record) throw new Error(`execution ${e.id} is no ECS task`)
  const id = taskIdOf(e.id)
  return {
    attachments: presentAttachments(e, record),
    attributes: [{ name: 'ecs.cpu-architecture', value: record.cpuArchitecture }],
    clusterArn: clusterArn(home, record.cluster),
    containers: e.submission.plan.steps.map((_, i) => presentContainer(home, e, record, i)),
    cpu: record.cpu,
    desiredStatus: desiredStatusOf(e),
    enableExecuteCommand: record.enableExecuteCommand,
    group: record.group,
    healthStatus: healthOfTask(e, stepsOf(e)),
    lastStatus: lastStatusOf(e, record),
    memory: record.memory,
    overrides: presentOverrides(record.overrides, e),
    ...(record.startedBy !== undefined && { startedBy: record.startedBy }),
    tags,
    taskArn: taskArn(home, record.cluster, id),
    taskDefinitionArn: definitionArn(home, record.family, record.revision),
    version: e.version,
    ...capacityOf(record),
    ...placementOf(home, e, record),
    ...timesOf(e),
    ...stoppedOf(e),
  }
}

function capacityOf(record: TaskRecord): object {
  const fargate = record.launchType === 'FARGATE' || record.capacityProviderName !== undefined
  const sizeInGiB = record.ephemeralStorageGib ?? 20
  return {
    ...(record.launchType !== undefined && { launchType: record.launchType }),
    ...(record.capacityProviderName !== undefined && { capacityProviderName: record.capacityProviderName }),
    ...(fargate && {
      platformVersion: record.platformVersion ?? '1.4.0',
      platformFamily: 'Linux',
      ephemeralStorage: { sizeInGiB },
      fargateEphemeralStorage: { sizeInGiB },
    }),
  }
}

function placementOf(home: Home, e: Execution, record: TaskRecord): object {
  const { allocation } = e.status
  if (allocation === undefined) return {}
  const onInstance = record.launchType !== 'FARGATE' && record.capacityProviderName === undefined
  return {
    availabilityZone: `${home.region}a`,
    connectivity: 'CONNECTED',
    connectivityAt: seconds(e.status.placedAt ?? allocation.openedAt),
    ...(onInstance && {
      containerInstanceArn: instanceArn(home, record.cluster, instanceIdOf(e.tenant, allocation.node)),
    }),
  }
}

/** Every time that is known and true; `startedAt` only if it ever ran (Airflow tells by that). */
function timesOf(e: Execution): object {
  const { status, submission } = e
  const ended = firstEssentialEndAt(e)
  const stoppingAt = status.stoppingAt ?? (isStopping(e) ? (ended ?? status.finishedAt) : undefined)
  const times: Readonly<Record<string, Instant | undefined>> = {
    createdAt: submission.acceptedAt,
    pullStartedAt: firstPullAt(e),
    pullStoppedAt: lastPullEndAt(e),
    startedAt: allStartedAt(e),
    executionStoppedAt: ended,
    stoppingAt,
    stoppedAt: status.finishedAt,
  }
  return Object.fromEntries(Object.entries(times).flatMap(([k, at]) => (at === undefined ? [] : [[k, seconds(at)]])))
}

export const seconds = (at: Instant): number => at / 1000

/** Without overrides AWS echoes one empty entry per container. */
function presentOverrides(given: TaskOverride, e: Execution): TaskOverride {
  const { containerOverrides, inferenceAcceleratorOverrides, ...rest } = given
  const none = containerOverrides === undefined || containerOverrides.length === 0
  return {
    containerOverrides: none ? e.submission.plan.steps.map((s) => ({ name: s.name })) : containerOverrides,
    inferenceAcceleratorOverrides: inferenceAcceleratorOverrides ?? [],
    ...rest,
  }
}
