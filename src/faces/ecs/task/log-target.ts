import { derivedRuntimeId } from '../identifiers.ts'
import type { ContainerDefinition } from '../task-definition/task-definition.ts'
import type { LogTarget } from './task-record.ts'

/**
 * Where a container's output is read: what awslogs asks for, else `/taskport/ecs/<family>` and
 * `<container>/<container>/<task>`. Without a stream prefix awslogs names the stream after the container's id.
 */
export function logTargetOf(container: ContainerDefinition, family: string, taskId: string): LogTarget {
  const { name, logConfiguration } = container
  const options = logConfiguration?.logDriver === 'awslogs' ? logConfiguration.options : undefined
  if (options === undefined) return { group: defaultGroup(family), stream: `${name}/${name}/${taskId}` }
  const prefix = options['awslogs-stream-prefix']
  const stream = prefix ? `${prefix}/${name}/${taskId}` : derivedRuntimeId(taskId, name)
  return { group: options['awslogs-group'] || defaultGroup(family), stream }
}

const DEFAULT_PREFIX = '/taskport/ecs/'

export const defaultGroup = (family: string): string => DEFAULT_PREFIX + family

export const familyOfGroup = (group: string): string | undefined =>
  group.startsWith(DEFAULT_PREFIX) ? group.slice(DEFAULT_PREFIX.length) : undefined
