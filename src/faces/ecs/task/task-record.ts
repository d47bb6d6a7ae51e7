/**
 * What a task must remember of its request beyond the core's own fields: written once, into the labels of its steps,
 * which are part of the immutable plan. So a description of a task is a function of its execution alone.
 */
import type { Execution } from '../../../core/execution.ts'
import type { Tag } from '../tags.ts'
import type { TaskOverride } from './overrides.ts'

export interface TaskRecord {
  readonly cluster: string
  readonly family: string
  readonly revision: number
  readonly group: string
  readonly startedBy?: string
  readonly launchType?: 'EC2' | 'FARGATE' | 'EXTERNAL'
  readonly capacityProviderName?: string
  readonly networkMode?: string
  readonly subnet?: string
  readonly platformVersion?: string
  readonly enableExecuteCommand: boolean
  readonly overrides: TaskOverride
  readonly cpu: string
  readonly memory: string
  readonly ephemeralStorageGib?: number
  readonly tags: readonly Tag[]
  readonly cpuArchitecture: string
  /** Address that an awsvpc task reports when its executor gave it none. */
  readonly address?: string
}

export interface ContainerRecord {
  readonly image: string
  readonly cpu: string
  readonly memory?: string
  readonly memoryReservation?: string
  /** Where its output is found; absent when another log driver was asked for. */
  readonly log: LogTarget
  readonly logDriver: string
  readonly logOptions: Readonly<Record<string, string>>
}

export interface LogTarget {
  readonly group: string
  readonly stream: string
}

const TASK = 'ecs.task'
const CONTAINER = 'ecs.container'

/** Labels of a step; the first step's also hold the task's record. */
export const labelsOf = (
  container: ContainerRecord,
  task: TaskRecord | undefined,
): Readonly<Record<string, string>> => ({
  [CONTAINER]: JSON.stringify(container),
  ...(task && { [TASK]: JSON.stringify(task) }),
})

/** Undefined for an execution that is no ECS task. */
export function taskRecordOf(e: Execution): TaskRecord | undefined {
  const text = e.submission.plan.steps[0]?.labels?.[TASK]
  return text === undefined ? undefined : (JSON.parse(text) as TaskRecord)
}

export function containerRecordOf(e: Execution, ordinal: number): ContainerRecord {
  const text = e.submission.plan.steps[ordinal]?.labels?.[CONTAINER]
  if (text === undefined) throw new Error(`step ${ordinal} of ${e.id} has no container record`)
  return JSON.parse(text) as ContainerRecord
}

/** Of a step that was just planned. */
export function containerRecordOfStep(step: { readonly labels?: Readonly<Record<string, string>> }): ContainerRecord {
  return JSON.parse(step.labels![CONTAINER]!) as ContainerRecord
}
