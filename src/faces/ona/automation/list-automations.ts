import type { Document, Paged } from '../../../core/ports/store.ts'
import { type Call, checkEnvironment } from '../call.ts'
import type { ServiceRecord, TaskRecord } from '../documents.ts'
import { filteredPage, pageOf } from '../wire/pagination.ts'
import { filterValues } from '../wire/validate.ts'

interface Filter {
  readonly environmentIds: readonly string[]
  readonly references: readonly string[]
  readonly ids: readonly string[]
  readonly idField: string
}

/** Within a list any value will do, all lists must hold; in the order of creation. */
export async function listAutomations<Record extends TaskRecord | ServiceRecord>(
  call: Call,
  collection: string,
  pagination: { readonly pageSize: number; readonly token: string } | undefined,
  filter: Filter | undefined,
  test: (record: Record) => boolean = () => true,
): Promise<Paged<Document<Record>>> {
  const environments = filterValues('filter.environment_ids', filter?.environmentIds ?? [])
  const references = filterValues('filter.references', filter?.references ?? [], false)
  const ids = filterValues(filter?.idField ?? '', filter?.ids ?? [])
  for (const environment of environments) checkEnvironment(call, environment)
  const own = call.caller.environment
  const within = own !== undefined && environments.length === 0 ? [own] : environments
  const [only] = within
  const index = within.length === 1 ? { name: 'environment', value: only! } : undefined
  return filteredPage(
    pageOf(call.query, pagination),
    (p) => call.engine.documents<Record>(call.tenant, collection, { ...p, ...(index && { index }) }),
    ({ body }) => any(within, body.environment) && any(references, body.reference) && any(ids, body.id) && test(body),
  )
}

const any = (wanted: readonly string[], value: string): boolean => wanted.length === 0 || wanted.includes(value)
