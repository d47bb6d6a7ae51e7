import type { Execution } from '../../../core/execution.ts'
import type { ExecutionFilter } from '../../../core/ports/store.ts'
import type { Call } from '../operation.ts'

/** Every ECS execution that matches, newest first, page by page. */
export async function* engineExecutions(call: Call, filter: ExecutionFilter): AsyncIterable<Execution> {
  let after: string | undefined
  do {
    const page = await call.engine.executions(
      call.tenant,
      { face: 'ecs', ...filter },
      { limit: 200, ...(after && { after }) },
    )
    yield* page.items
    after = page.next
  } while (after !== undefined)
}
