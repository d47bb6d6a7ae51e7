import type { Document, DocumentQuery, Paged } from '../../../core/ports/store.ts'
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
  const index = await indexOf(call, collection, { within, references, ids })
  return filteredPage(
    pageOf(call.query, pagination),
    (p) => call.engine.documents<Record>(call.tenant, collection, { ...p, ...(index && { index }) }),
    ({ body }) => any(within, body.environment) && any(references, body.reference) && any(ids, body.id) && test(body),
  )
}

/** The shortest of the lists that all wanted are in; undefined: all there are. */
async function indexOf(
  { engine, tenant }: Call,
  collection: string,
  { within, references, ids }: { readonly [list in 'within' | 'references' | 'ids']: readonly string[] },
): Promise<DocumentQuery['index']> {
  if (within.length === 1) return { name: 'environment', value: within[0]! }
  if (references.length === 1) return { name: 'reference', value: references[0]! }
  const found = await Promise.all(ids.map((id) => engine.document<TaskRecord | ServiceRecord>(tenant, collection, id)))
  const environments = new Set(found.flatMap((document) => document?.body.environment ?? []))
  return environments.size === 1 ? { name: 'environment', value: [...environments][0]! } : undefined
}

const any = (wanted: readonly string[], value: string): boolean => wanted.length === 0 || wanted.includes(value)
