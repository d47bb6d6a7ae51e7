import type { Change } from '../../../core/ports/store.ts'
import { put } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'
import { type LogGroup, newLogGroup } from '../logs/log-group.ts'
import type { Call } from '../operation.ts'
import type { TaskDefinition } from '../task-definition/task-definition.ts'
import { logTargetOf } from './log-target.ts'

/** Log groups that the definition's containers write to and that are not there yet: made with the task itself. */
export async function newLogGroups(call: Call, definition: TaskDefinition): Promise<readonly Change[]> {
  const names = new Set(definition.containerDefinitions.map((c) => logTargetOf(c, definition.family, '').group))
  const found = await Promise.all(
    [...names].map(async (name) => ({
      name,
      known: await call.engine.document<LogGroup>(call.tenant, COLLECTIONS.logGroup, name),
    })),
  )
  return found
    .filter(({ known }) => known === undefined)
    .map(({ name }) =>
      put(call.tenant, COLLECTIONS.logGroup, name, newLogGroup(name, call.engine.now()), { sort: name }),
    )
}
