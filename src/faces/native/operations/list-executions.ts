import type { ExecutionFilter } from '../../../core/ports/store.ts'
import type { Contract } from '../contract/contract.ts'
import type { QueryOf } from '../contract/operation.ts'
import { badField } from '../errors.ts'
import { type Handler, ok } from '../operation-call.ts'
import { pageOf, pageShown } from '../pages.ts'
import { parseInstant } from '../parse.ts'
import { part } from '../parse-step.ts'
import { presentExecution } from '../present.ts'

type Query = QueryOf<Contract['listExecutions']>

const LIST = 'executions'

export const listExecutions: Handler<'listExecutions'> = async ({ engine, tenant, query }) => {
  // Taken before the list, so that nothing between the two is missed.
  const watch = engine.cursor()
  const page = await engine.executions(tenant, filterOf(query), pageOf(LIST, query))
  const shown = pageShown(LIST, query, page, (e) =>
    presentExecution(e, e.status.state === 'pending' ? engine.waiting(tenant, e.id) : undefined),
  )
  return ok({ ...shown, watch })
}

const filterOf = (query: Query): ExecutionFilter => ({
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

function pairsOf(texts: readonly string[], field: string): Readonly<Record<string, string>> {
  const pairs = texts.map((text): [string, string] => [
    text.slice(0, text.indexOf('=')),
    text.slice(text.indexOf('=') + 1),
  ])
  if (pairs.some(([name]) => name === '__proto__')) throw badField(field, '__proto__ is not possible as a name')
  return Object.fromEntries(pairs)
}
