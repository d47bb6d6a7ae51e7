import { allDocuments } from '../../kit/documents.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type ServiceRecord, type TaskRecord } from '../documents.ts'
import { failedPrecondition } from '../errors.ts'
import { inTurn, referenceKey } from './automations-of.ts'

/** Its record and its name, unless somebody else did. Throws `failed_precondition` while tasks depend on it. */
export const removeAutomation = (
  call: Call,
  collection: string,
  automation: TaskRecord | ServiceRecord,
): Promise<void> =>
  inTurn(automation.environment, async () => {
    await refuseWithDependents(call, automation.environment, automation.id)
    const { tenant } = call
    // Gone already, its name may be another's.
    if (!(await call.engine.document(tenant, collection, automation.id))) return
    await call.engine.saveDocuments([
      { kind: 'document.delete', tenant, collection, key: automation.id },
      { kind: 'document.delete', tenant, collection: COLLECTIONS.reference, key: referenceKey(automation) },
    ])
  })

/** Throws `failed_precondition`, naming them. */
export async function refuseWithDependents(call: Call, environment: string, id: string): Promise<void> {
  const index = { name: 'environment', value: environment }
  const tasks = await allDocuments<TaskRecord>(call.engine, call.tenant, COLLECTIONS.task, { index })
  const dependents = tasks.filter(({ body }) => body.id !== id && body.dependsOn.includes(id))
  if (dependents.length > 0)
    throw failedPrecondition(`tasks depend on it: ${dependents.map(({ body }) => body.reference).join(', ')}`)
}
