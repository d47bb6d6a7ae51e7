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
  /** Only where it was given. */
  readonly env?: Readonly<Record<string, string>>
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

/** What a task is found by. */
export const taskIndexes = (task: TaskRecord): Readonly<Record<string, string>> => ({
  app: task.app,
  space: task.space,
  org: task.org,
  state: task.state,
  seq: String(task.seq),
})
