/**
 * What a task must remember of its request beyond the core's own fields: written once, into the labels of its steps,
 * which are part of the immutable plan. So a description of a task is a function of its execution alone.
 */
import type { Execution } from '../../../core/execution.ts'
import type { StepSpec } from '../../../core/step-spec.ts'
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
  const [first] = e.submission.plan.steps
  return first && taskRecords.of(first)
}

export function containerRecordOf(e: Execution, ordinal: number): ContainerRecord {
  const step = e.submission.plan.steps[ordinal]
  if (step === undefined) throw new Error(`execution ${e.id} has no step ${ordinal}`)
  return containerRecordOfStep(step)
}

export function containerRecordOfStep(step: StepSpec): ContainerRecord {
  const record = containerRecords.of(step)
  if (record === undefined) throw new Error(`step ${step.name} has no container record`)
  return record
}

/** Plans never change: a label is read once for as long as its step is held, e.g. while the task is active. */
class Records<Kept> {
  readonly #label: string
  readonly #read = new WeakMap<StepSpec, Kept>()

  constructor(label: string) {
    this.#label = label
  }

  of(step: StepSpec): Kept | undefined {
    const known = this.#read.get(step)
    const text = step.labels?.[this.#label]
    if (known !== undefined || text === undefined) return known
    const record = JSON.parse(text) as Kept
    this.#read.set(step, record)
    return record
  }
}

const taskRecords = new Records<TaskRecord>(TASK)
const containerRecords = new Records<ContainerRecord>(CONTAINER)
