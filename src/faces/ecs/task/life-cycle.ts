/**
 * ECS's statuses as functions of an execution (reference ecs.md 5.1): a task is PENDING until every container has
 * started or finished, keeps its status while an essential container's end has not yet stopped the others, and is
 * STOPPED only when all is.
 */
import { type Execution, isFinal, isFinalStep, type StepStatus } from '../../../core/execution.ts'
import { allEnded, allStartedAt, everStarted, stopWanted } from '../../../core/facts.ts'
import type { StepSpec } from '../../../core/step-spec.ts'
import type { TaskRecord } from './task-record.ts'

export type TaskStatus = 'PROVISIONING' | 'PENDING' | 'RUNNING' | 'STOPPING' | 'DEPROVISIONING' | 'STOPPED'

export function lastStatusOf(e: Execution, record: TaskRecord): TaskStatus {
  if (isFinal(e)) return 'STOPPED'
  if (isStopping(e)) return record.networkMode === 'awsvpc' && allEnded(e) ? 'DEPROVISIONING' : 'STOPPING'
  if (allStartedAt(e) !== undefined) return 'RUNNING'
  return isProvisioning(e, record) ? 'PROVISIONING' : 'PENDING'
}

/** A stop is wanted, or nothing of it runs any more and nothing will. */
export const isStopping = (e: Execution): boolean => stopWanted(e) || (allEnded(e) && e.submission.retry === undefined)

/** Fargate's network interface and a capacity provider's capacity come before anything runs. */
function isProvisioning(e: Execution, record: TaskRecord): boolean {
  if (record.launchType !== 'FARGATE' && record.capacityProviderName === undefined) return false
  return !e.status.steps.some((s) => everStarted(s) || isFinalStep(s.state) || s.attempts.some((a) => a.pullStartedAt))
}

export const desiredStatusOf = (e: Execution): 'RUNNING' | 'STOPPED' => (isStopping(e) ? 'STOPPED' : 'RUNNING')

/** Between two tries of a restart policy a container counts as running, like at the agent. */
export function containerStatusOf(step: StepStatus): 'PENDING' | 'RUNNING' | 'STOPPED' {
  if (isFinalStep(step.state)) return 'STOPPED'
  return everStarted(step) ? 'RUNNING' : 'PENDING'
}

export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'

export function healthOfStep(step: StepStatus): HealthStatus {
  if (step.health === 'healthy') return 'HEALTHY'
  return step.health === 'unhealthy' ? 'UNHEALTHY' : 'UNKNOWN'
}

/** Over essential containers: any UNHEALTHY, else any UNKNOWN, else HEALTHY. */
export function healthOfTask(e: Execution, specs: readonly StepSpec[]): HealthStatus {
  const seen = e.status.steps.filter((_, i) => specs[i]?.essential).map(healthOfStep)
  if (seen.includes('UNHEALTHY')) return 'UNHEALTHY'
  return seen.includes('UNKNOWN') ? 'UNKNOWN' : 'HEALTHY'
}
