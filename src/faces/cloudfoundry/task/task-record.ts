import type { Instant } from '../../../core/instant.ts'
import type { Resource } from '../documents.ts'
import type { Metadata } from '../wire/metadata.ts'

export type TaskState = 'PENDING' | 'RUNNING' | 'CANCELING' | 'SUCCEEDED' | 'FAILED'

/** What a task asked for: kept with its execution, so that whatever starts one (a retry, a schedule) makes a task. */
export interface TaskWish {
  readonly app: string
  readonly space: string
  readonly org: string
  readonly appName: string
  readonly spaceName: string
  readonly name: string
  readonly command: string
  readonly user: string | null
  readonly memory: number
  readonly disk: number
  readonly logRate: number
  readonly droplet: string
  /** It asked for this droplet, and not for the app's current one. */
  readonly pinsDroplet?: boolean
  /** Only where it was given. */
  readonly env?: Readonly<Record<string, string>>
  /** The series that it is a run of. */
  readonly series?: string
  readonly metadata: Metadata
}

/** A task as it is shown: written in the very commit that changes it, so that no read derives anything. */
export interface TaskRecord extends Resource, Omit<TaskWish, 'metadata'> {
  /** 1, 2, 3 … in its app. */
  readonly seq: number
  readonly state: TaskState
  readonly failure: string | null
  readonly metadata: Metadata
  /** When it entered RUNNING, and when it ended. */
  readonly ran?: Instant
  readonly ended?: Instant
  readonly exitCode?: number
}

export const isFinalTask = (state: TaskState): boolean => state === 'SUCCEEDED' || state === 'FAILED'

/** Where a step carries the wish. */
export const WISH_LABEL = 'cf/task'

/**
 * Counters of tasks, of an app and of the foundation: how many ever were, and how many of them are gone. What is listed
 * is the difference, so that no list counts.
 */
export const TASK_COUNTERS = {
  sequence: (app: string): string => `cloudfoundry/sequence/${app}`,
  removed: (app: string): string => `cloudfoundry/removed/${app}`,
  all: 'cloudfoundry/tasks',
  allRemoved: 'cloudfoundry/tasks-removed',
}

const LONGEST_INDEXED = 255

/** How `names` compares: without case. A very long name is found by its beginning. */
export const nameIndex = (name: string): string => name.toLowerCase().slice(0, LONGEST_INDEXED)

export const labelIndex = (key: string): string => `label/${key}`

/** What a task is found by. `seq` stays last: that is where the store puts the number that it gives. */
export const taskIndexes = (task: TaskRecord): Readonly<Record<string, string>> => ({
  app: task.app,
  space: task.space,
  org: task.org,
  state: task.state,
  name: nameIndex(task.name),
  ...Object.fromEntries(Object.entries(task.metadata.labels).map(([key, value]) => [labelIndex(key), value])),
  seq: String(task.seq),
})
