import { type Handler, ok } from '../operation-call.ts'
import { pageOf, pageShown } from '../pages.ts'
import { filterOf } from '../parse-filter.ts'
import { presentExecution } from '../present.ts'

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
