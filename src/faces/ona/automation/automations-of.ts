/** Tasks and services of an environment, as its dependencies see them: one namespace of ids and of references. */

import type { Tenant } from '../../../core/identity.ts'
import type { DocumentPut } from '../../../core/ports/store.ts'
import { circleOf } from '../../../workspaces/levels.ts'
import { allDocuments, put } from '../../kit/documents.ts'
import { oneAfterTheOther } from '../../kit/one-after-the-other.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type ServiceRecord, type TaskRecord } from '../documents.ts'
import { invalidArgument } from '../errors.ts'

export interface Automations {
  readonly tasks: ReadonlyMap<string, TaskRecord>
  readonly services: ReadonlyMap<string, ServiceRecord>
  /** By id: of the records as they were read. */
  readonly versions: ReadonlyMap<string, number>
}

export async function automationsOf(
  { engine, tenant }: Pick<Call, 'engine' | 'tenant'>,
  environment: string,
): Promise<Automations> {
  const index = { name: 'environment', value: environment }
  const [tasks, services] = await Promise.all([
    allDocuments<TaskRecord>(engine, tenant, COLLECTIONS.task, { index }),
    allDocuments<ServiceRecord>(engine, tenant, COLLECTIONS.service, { index }),
  ])
  return {
    tasks: new Map(tasks.map(({ body }) => [body.id, body])),
    services: new Map(services.map(({ body }) => [body.id, body])),
    versions: new Map([...tasks, ...services].map(({ body, version }) => [body.id, version])),
  }
}

/**
 * Whoever changes what depends on what in an environment looks and stores in one turn: two at once could make a circle, or
 * a dependency on what has gone, and no task of such an environment could be planned any more.
 */
export const inTurn = <T>(environment: string, work: () => Promise<T>): Promise<T> =>
  oneAfterTheOther(`ona/dependencies/${environment}`, work)

/** Throws `invalid_argument` for what is not in this environment, for itself, and for a circle, which it names. */
export function checkDependencies(
  task: Pick<TaskRecord, 'id' | 'reference' | 'dependsOn'>,
  { tasks, services }: Pick<Automations, 'tasks' | 'services'>,
): void {
  for (const [i, id] of task.dependsOn.entries())
    if (id !== task.id && !tasks.has(id) && !services.has(id))
      throw invalidArgument(`depends_on[${i}]: there is no automation ${id} in this environment`)
  const all = new Map<string, Pick<TaskRecord, 'id' | 'reference' | 'dependsOn'>>(tasks)
  all.set(task.id, task)
  const circle = circleOf(all.values())
  if (!circle) return
  const names = circle.map((id) => all.get(id)?.reference ?? id)
  throw invalidArgument(`depends_on: tasks depend on each other in a circle: ${names.join(' → ')}`)
}

/** A task or service, found by its environment and by its name. */
export const putAutomation = (
  tenant: Tenant,
  collection: string,
  record: TaskRecord | ServiceRecord,
  expected?: number,
): DocumentPut =>
  put(tenant, collection, record.id, record, {
    sort: record.id,
    indexes: { environment: record.environment, reference: record.reference },
    ...(expected !== undefined && { expected }),
  })

/** Takes a name; the commit fails with `conflict` when it is taken. */
export const putReference = (tenant: Tenant, record: TaskRecord | ServiceRecord): DocumentPut =>
  put(
    tenant,
    COLLECTIONS.reference,
    referenceKey(record),
    { id: record.id },
    {
      expected: 0,
      indexes: { environment: record.environment },
    },
  )

export const referenceKey = ({
  environment,
  reference,
}: {
  readonly environment: string
  readonly reference: string
}): string => `${environment}/${reference}`
