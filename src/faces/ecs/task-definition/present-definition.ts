import { definitionArn, type Home } from '../arn.ts'
import { seconds } from '../task/present-task.ts'
import type { ContainerDefinition, TaskDefinition } from './task-definition.ts'

/** As DescribeTaskDefinition shows it. Tags stand beside it, not in it. */
export function presentDefinition(home: Home, definition: TaskDefinition): object {
  const { registeredAt, deregisteredAt, deleteRequestedAt, tags: _, ...rest } = definition
  return {
    ...rest,
    taskDefinitionArn: definitionArn(home, definition.family, definition.revision),
    requiresAttributes: requiredAttributes(definition).map((name) => ({ name })),
    registeredAt: seconds(registeredAt),
    ...(deregisteredAt !== undefined && { deregisteredAt: seconds(deregisteredAt) }),
    ...(deleteRequestedAt !== undefined && { deleteRequestedAt: seconds(deleteRequestedAt) }),
  }
}

/** Capabilities an agent must have, as far as they show (names from the ECS developer guide). */
function requiredAttributes(definition: TaskDefinition): readonly string[] {
  const any = (test: (c: ContainerDefinition) => unknown): boolean => definition.containerDefinitions.some(test)
  return [
    ...(any((c) => c.logConfiguration?.logDriver === 'awslogs')
      ? ['com.amazonaws.ecs.capability.logging-driver.awslogs']
      : []),
    ...(any((c) => c.dependsOn) ? ['ecs.capability.container-ordering'] : []),
    ...(definition.taskRoleArn ? ['com.amazonaws.ecs.capability.task-iam-role'] : []),
    ...(definition.networkMode === 'awsvpc' ? ['ecs.capability.task-eni'] : []),
    'com.amazonaws.ecs.capability.docker-remote-api.1.18',
  ]
}
