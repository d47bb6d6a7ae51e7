import type { ExecutionFilter, Page } from '../../../core/ports/store.ts'
import type { Contract } from '../contract/contract.ts'
import type { QueryOf } from '../contract/operation.ts'
import { badField } from '../errors.ts'
import { type Handler, ok } from '../operation-call.ts'
import { parseInstant } from '../parse.ts'
import { part } from '../parse-step.ts'
import { presentExecution } from '../present.ts'

type Query = QueryOf<Contract['listExecutions']>

export const listExecutions: Handler<'listExecutions'> = async ({ engine, tenant, query }) => {
  // Taken before the list, so that nothing between the two is missed.
  const watch = engine.cursor()
  const { items, next } = await engine.executions(tenant, filterOf(query), pageOf(query))
  const shown = items.map((e) =>
    presentExecution(e, e.status.state === 'pending' ? engine.waiting(tenant, e.id) : undefined),
  )
  return ok({ items: shown, next, watch })
}

export const pageOf = (query: {
  readonly limit?: number
  readonly cursor?: string
  readonly ascending?: boolean
}): Page => ({
  limit: query.limit ?? 100,
  ...part('after', query.cursor),
  ...part('ascending', query.ascending),
})

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
