import type { Tenant } from '../../../core/identity.ts'
import type { Instant } from '../../../core/instant.ts'
import type { Subject as ConstraintSubject } from '../../../engine/constraint.ts'

/** What a query is asked of: one container instance. */
export interface QueryTarget {
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  readonly agentConnected: boolean
  readonly agentVersion: string
  readonly ec2InstanceId: string
  readonly registeredAt: Instant
  readonly runningTasksCount: number
  /** Groups of the tasks on it, one entry per task. */
  readonly taskGroups: readonly string[]
}

/** Names under which a query's own subjects stand beside the attributes. No attribute of a user may have a `:`. */
export const OWN_SUBJECTS = {
  agentConnected: 'subject:agentConnected',
  agentVersion: 'subject:agentVersion',
  ec2InstanceId: 'subject:ec2InstanceId',
  registeredAt: 'subject:registeredAt',
  runningTasksCount: 'subject:runningTasksCount',
} as const

/** The ref that says a task's group. It names account, region and cluster: groups of the same name elsewhere are others. */
export const groupRefOf = (tenant: Tenant, cluster: string): string => `ecs.group/${tenant}/${cluster}`

/** An instance as the core's constraints look at it; of refs they name the group's alone. */
export function subjectOf(target: QueryTarget): ConstraintSubject {
  return {
    attributes: {
      ...target.attributes,
      [OWN_SUBJECTS.agentConnected]: String(target.agentConnected),
      [OWN_SUBJECTS.agentVersion]: target.agentVersion,
      [OWN_SUBJECTS.ec2InstanceId]: target.ec2InstanceId,
      [OWN_SUBJECTS.registeredAt]: new Date(target.registeredAt).toISOString(),
      [OWN_SUBJECTS.runningTasksCount]: String(target.runningTasksCount),
    },
    count: (_ref, value) => target.taskGroups.filter((group) => group === value).length,
    values: () => new Set(target.taskGroups),
  }
}
