import type { Attempt, BoundPort, Execution, StepStatus } from '../../../core/execution.ts'
import { currentAttempt } from '../../../core/execution.ts'
import { shellCode } from '../../../core/exit.ts'
import { everStarted, neverReady } from '../../../core/facts.ts'
import { containerArn, type Home, taskArn } from '../arn.ts'
import { derivedRuntimeId, derivedUuid, taskIdOf } from '../identifiers.ts'
import { containerStatusOf, type HealthStatus, healthOfStep } from './life-cycle.ts'
import { addressOf, attachmentIdOf } from './present-attachment.ts'
import { containerReason } from './stop-reason.ts'
import { containerRecordOf, type TaskRecord } from './task-record.ts'

export interface WireContainer {
  readonly containerArn: string
  readonly taskArn: string
  readonly name: string
  readonly image: string
  readonly imageDigest?: string
  readonly runtimeId?: string
  readonly lastStatus: string
  readonly exitCode?: number
  readonly reason?: string
  readonly networkBindings: readonly NetworkBinding[]
  readonly networkInterfaces: readonly { readonly attachmentId: string; readonly privateIpv4Address?: string }[]
  readonly healthStatus: HealthStatus
  readonly cpu: string
  readonly memory?: string
  readonly memoryReservation?: string
}

export interface NetworkBinding {
  readonly bindIP: string
  readonly containerPort: number
  readonly hostPort: number
  readonly protocol: 'tcp' | 'udp'
}

export function presentContainer(home: Home, e: Execution, record: TaskRecord, ordinal: number): WireContainer {
  const spec = e.submission.plan.steps[ordinal]!
  const step = e.status.steps[ordinal]!
  const taskId = taskIdOf(e.id)
  const kept = containerRecordOf(e, ordinal)
  const attempt = currentAttempt(step)
  const exitCode = exitCodeOf(step)
  const reason = containerReason(e, ordinal)
  const address = addressOf(e, record)
  return {
    containerArn: containerArn(home, record.cluster, taskId, containerIdOf(taskId, spec.name)),
    taskArn: taskArn(home, record.cluster, taskId),
    name: spec.name,
    image: kept.image,
    ...(attempt?.imageDigest !== undefined && { imageDigest: attempt.imageDigest }),
    ...(everStarted(step) && { runtimeId: runtimeIdOf(taskId, spec.name, attempt) }),
    lastStatus: containerStatusOf(step),
    ...(exitCode !== undefined && { exitCode }),
    ...(reason !== undefined && { reason }),
    networkBindings: record.networkMode === 'awsvpc' ? [] : bindingsOf(e, ordinal, attempt),
    networkInterfaces:
      record.networkMode === 'awsvpc'
        ? [{ attachmentId: attachmentIdOf(taskId), ...(address !== undefined && { privateIpv4Address: address }) }]
        : [],
    healthStatus: healthOfStep(step),
    cpu: kept.cpu,
    ...(kept.memory !== undefined && { memory: kept.memory }),
    ...(kept.memoryReservation !== undefined && { memoryReservation: kept.memoryReservation }),
  }
}

const containerIdOf = (taskId: string, name: string): string => derivedUuid('container', taskId, name)

/** The container engine's own id where there is one; a program's is derived, because pids mean nothing to clients. */
function runtimeIdOf(taskId: string, name: string, attempt: Attempt | undefined): string {
  const handle = attempt?.handle
  return handle !== undefined && /^[0-9a-f]{64}$/.test(handle) ? handle : derivedRuntimeId(taskId, name)
}

/**
 * Absent until it exited, and for ever if it never ran; but 143 when what it depended on can never come about (the
 * agent's dependency graph does so).
 */
function exitCodeOf(step: StepStatus): number | undefined {
  if (neverReady(step)) return 143
  const exit = currentAttempt(step)?.exit
  if (exit === undefined || !everStarted(step)) return undefined
  if (exit.outcome === 'timedOut') return shellCode(exit) ?? 137
  return exit.outcome === 'lost' || exit.outcome === 'refused' ? undefined : shellCode(exit)
}

/** As its executor reports them; where programs share the machine's network, the ports that were reserved for it. */
function bindingsOf(e: Execution, ordinal: number, attempt: Attempt | undefined): readonly NetworkBinding[] {
  if (attempt?.startedAt === undefined) return []
  if (attempt.ports && attempt.ports.length > 0) return attempt.ports.map(binding)
  const work = e.submission.plan.steps[ordinal]!.work
  const wanted = work.kind === 'run' ? (work.ports ?? []) : []
  const taken = e.status.allocation?.ports.filter((p) => p.step === ordinal) ?? []
  return taken.map(({ index, hostPort, protocol }) => ({
    bindIP: '0.0.0.0',
    containerPort: wanted[index]?.port || hostPort,
    hostPort,
    protocol,
  }))
}

const binding = (port: BoundPort): NetworkBinding => ({
  bindIP: port.hostAddress,
  containerPort: port.port,
  hostPort: port.hostPort,
  protocol: port.protocol,
})
