/** The task metadata endpoint, version 4 (ECS developer guide): names are capitalised, times are RFC 3339. */
import { type Execution, stepsOf } from '../../../core/execution.ts'
import type { Stats } from '../../../core/ports/executor.ts'
import { homeOf } from '../event-bridge.ts'
import type { Tag } from '../tags.ts'
import type { WireContainer } from '../task/present-container.ts'
import { presentTask, type WireTask } from '../task/present-task.ts'
import { type ContainerRecord, containerRecordOf, taskRecordOf } from '../task/task-record.ts'

export function taskMetadata(e: Execution, tags?: readonly Tag[]): object {
  const task = presentTask(homeOf(e), e)
  const record = taskRecordOf(e)!
  return {
    Cluster: task.clusterArn,
    TaskARN: task.taskArn,
    Family: record.family,
    Revision: String(record.revision),
    DesiredStatus: task.desiredStatus,
    KnownStatus: task.lastStatus,
    Limits: { CPU: Number(record.cpu) / 1024, Memory: Number(record.memory) },
    ...times(task, {
      PullStartedAt: 'pullStartedAt',
      PullStoppedAt: 'pullStoppedAt',
      ExecutionStoppedAt: 'executionStoppedAt',
    }),
    ...(typeof task.availabilityZone === 'string' && { AvailabilityZone: task.availabilityZone }),
    LaunchType: record.launchType ?? 'FARGATE',
    ...(tags && { TaskTags: Object.fromEntries(tags.map((t) => [t.key, t.value])) }),
    Containers: task.containers.map((_, i) => containerMetadata(e, i, task)),
  }
}

export function containerMetadata(e: Execution, ordinal: number, task: WireTask = presentTask(homeOf(e), e)): object {
  const container = task.containers[ordinal]!
  const record = taskRecordOf(e)!
  const kept = containerRecordOf(e, ordinal)
  const step = e.status.steps[ordinal]!
  return {
    DockerId: container.runtimeId ?? '',
    Name: container.name,
    DockerName: `ecs-${record.family}-${record.revision}-${container.name}`,
    Image: container.image,
    ImageID: container.imageDigest ?? '',
    Labels: {
      'com.amazonaws.ecs.cluster': task.clusterArn,
      'com.amazonaws.ecs.container-name': container.name,
      'com.amazonaws.ecs.task-arn': task.taskArn,
      'com.amazonaws.ecs.task-definition-family': record.family,
      'com.amazonaws.ecs.task-definition-version': String(record.revision),
    },
    DesiredStatus: task.desiredStatus,
    KnownStatus: container.lastStatus,
    ...(container.exitCode !== undefined && { ExitCode: container.exitCode }),
    Limits: { CPU: Number(container.cpu), ...(container.memory && { Memory: Number(container.memory) }) },
    CreatedAt: iso(e.submission.acceptedAt),
    ...(step.startedAt !== undefined && { StartedAt: iso(step.startedAt) }),
    ...(step.finishedAt !== undefined && { FinishedAt: iso(step.finishedAt) }),
    Type: 'NORMAL',
    ContainerARN: container.containerArn,
    LogDriver: kept.logDriver,
    LogOptions: kept.logDriver === 'awslogs' ? awslogsOptions(e, kept) : kept.logOptions,
    ...(container.healthStatus !== 'UNKNOWN' && { Health: { status: container.healthStatus } }),
    Ports: container.networkBindings.map((b) => ({
      ContainerPort: b.containerPort,
      HostPort: b.hostPort,
      Protocol: b.protocol,
      HostIp: b.bindIP,
    })),
    Networks: [{ NetworkMode: record.networkMode ?? 'bridge', IPv4Addresses: addresses(container) }],
  }
}

/** Complete, also where the definition names no driver: OpenTelemetry's detector makes the stream's ARN of them. */
const awslogsOptions = (e: Execution, { log, logOptions }: ContainerRecord): Readonly<Record<string, string>> => ({
  'awslogs-region': homeOf(e).region,
  ...logOptions,
  'awslogs-group': log.group,
  'awslogs-stream': log.stream,
})

const addresses = (container: WireContainer): readonly string[] =>
  container.networkInterfaces.flatMap((n) => (n.privateIpv4Address ? [n.privateIpv4Address] : []))

/** As Docker's own stats, as far as they are measured. */
export const statsMetadata = (stats: Stats | undefined): object | null =>
  stats === undefined
    ? null
    : {
        read: iso(stats.at / 1000),
        cpu_stats: { cpu_usage: { total_usage: stats.cpuMicros * 1000 } },
        memory_stats: {
          usage: stats.memoryBytes,
          ...(stats.peakMemoryBytes !== undefined && { max_usage: stats.peakMemoryBytes }),
        },
        ...(stats.pids !== undefined && { pids_stats: { current: stats.pids } }),
      }

/** Names of its containers by ordinal. */
export const containerNames = (e: Execution): readonly string[] => stepsOf(e).map((s) => s.name)

function times(task: WireTask, names: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(names).flatMap(([to, from]) =>
      typeof task[from] === 'number' ? [[to, iso(task[from] * 1000)]] : [],
    ),
  )
}

const iso = (ms: number): string => new Date(ms).toISOString()
