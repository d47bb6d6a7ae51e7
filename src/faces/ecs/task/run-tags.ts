import { checkedTags, type Tag } from '../tags.ts'
import type { TaskDefinition } from '../task-definition/task-definition.ts'
import type { CommonRunInput } from './run-shapes.ts'

/** The request's tags, those of the definition where they are to be propagated (the request wins), and ECS's own. */
export function runTags(given: CommonRunInput, definition: TaskDefinition, cluster: string): readonly Tag[] {
  const inherited = given.propagateTags === 'TASK_DEFINITION' ? definition.tags : []
  const managed = given.enableECSManagedTags ? [{ key: 'aws:ecs:clusterName', value: cluster }] : []
  return [...checkedTags(given.tags, inherited), ...managed]
}
