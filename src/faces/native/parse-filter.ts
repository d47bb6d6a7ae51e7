import { asExecutionId } from '../../core/identity.ts'
import type { AnyOf, ExecutionFilter } from '../../core/ports/store.ts'
import type { Contract } from './contract/contract.ts'
import type { QueryOf } from './contract/operation.ts'
import { badField } from './errors.ts'
import { parseInstant } from './parse.ts'
import { part } from './parse-step.ts'

export const filterOf = (query: QueryOf<Contract['countExecutions']>): ExecutionFilter => ({
  ...part('ids', query.id?.map(asExecutionId)),
  ...part('states', query.state),
  ...part('active', query.active),
  ...part('task', query.task),
  ...part('face', query.face),
  ...part('key', query.key),
  ...part('node', query.node),
  ...part('trigger', query.trigger),
  ...part('name', query.name),
  ...part('refs', query.ref && pairsOf(query.ref, 'ref')),
  ...part('labels', query.label && pairsOf(query.label, 'label')),
  ...part('acceptedFrom', parseInstant(query.acceptedFrom, 'acceptedFrom')),
  ...part('acceptedUntil', parseInstant(query.acceptedUntil, 'acceptedUntil')),
})

/** `name=value` each; several values of one name are alternatives. */
function pairsOf(texts: readonly string[], field: string): Readonly<Record<string, AnyOf>> {
  const values = Map.groupBy(texts, (text) => text.slice(0, text.indexOf('=')))
  if (values.has('__proto__')) throw badField(field, '__proto__ is not possible as a name')
  return Object.fromEntries([...values].map(([name, of]) => [name, of.map((text) => text.slice(name.length + 1))]))
}
