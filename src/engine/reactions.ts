import type { UnplacedEvent } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'
import type { Change } from '../core/ports/store.ts'
import type { Context } from './context.ts'
import { PendingDocuments } from './pending-documents.ts'
import type { DocumentChange, Reactor } from './reactor.ts'

type Parts = Pick<Context, 'reactors' | 'store' | 'logger'>

const NONE: readonly Change[] = []

/** What faces add to a commit that has these events of one execution; `others` is what else the commit holds. */
export function reactions(
  parts: Parts,
  execution: Execution,
  events: readonly UnplacedEvent[],
  others: readonly Change[] = NONE,
): readonly Change[] | Promise<readonly Change[]> {
  const concerned = parts.reactors.filter((r) => r.face === execution.submission.face)
  return concerned.length === 0 ? NONE : collect(parts, concerned, execution, events, others)
}

async function collect(
  parts: Parts,
  reactors: readonly Reactor[],
  execution: Execution,
  events: readonly UnplacedEvent[],
  others: readonly Change[],
): Promise<readonly Change[]> {
  const documents = new PendingDocuments(parts.store, others)
  const changes: Change[] = []
  for (const reactor of reactors) {
    const heard = events.filter((e) => reactor.kinds.includes(e.transition.kind))
    const added = heard.length === 0 ? [] : await ask(parts, reactor, heard, execution, documents)
    documents.add(added)
    changes.push(...added)
  }
  return changes
}

/** A face's mistake must not hold up what happened: it is logged, and the face loses this reaction. */
async function ask(
  { logger }: Parts,
  reactor: Reactor,
  events: readonly UnplacedEvent[],
  execution: Execution,
  documents: PendingDocuments,
): Promise<readonly DocumentChange[]> {
  try {
    return await reactor.react(events, execution, documents)
  } catch (error) {
    logger.error(
      { face: reactor.face, execution: execution.id, error: String(error) },
      'a reaction threw; it is left out',
    )
    return []
  }
}
