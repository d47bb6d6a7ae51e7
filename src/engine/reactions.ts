import type { UnplacedEvent } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'
import type { Change } from '../core/ports/store.ts'
import type { Context } from './context.ts'
import type { Reactor } from './reactor.ts'

const NONE: readonly Change[] = []

/** What faces add to a commit. */
export function reactions(
  context: Pick<Context, 'reactors' | 'store'>,
  execution: Execution,
  events: readonly UnplacedEvent[],
): readonly Change[] | Promise<readonly Change[]> {
  const concerned = context.reactors.filter((r) => r.face === execution.submission.face)
  if (concerned.length === 0) return NONE
  return collect(context, concerned, execution, events)
}

async function collect(
  context: Pick<Context, 'store'>,
  reactors: readonly Reactor[],
  execution: Execution,
  events: readonly UnplacedEvent[],
): Promise<readonly Change[]> {
  const changes: Change[] = []
  for (const reactor of reactors)
    for (const event of events)
      if (reactor.kinds.includes(event.transition.kind))
        changes.push(...(await reactor.react(event, execution, context.store)))
  return changes
}
