import type { UnplacedEvent } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'
import type { Tenant } from '../core/identity.ts'
import type { Change, Document } from '../core/ports/store.ts'

/**
 * A face's share in a transition: pure, given the event and the execution after it, it returns changes to the face's
 * own documents that go into the transition's commit, so that a sequence number or a usage event is exact. It may run
 * again when the commit conflicts.
 */
export interface Reactor {
  readonly face: string
  /** Only executions of this face reach it, and only these transitions. */
  readonly kinds: readonly UnplacedEvent['transition']['kind'][]
  react(
    event: UnplacedEvent,
    execution: Execution,
    documents: DocumentReader,
  ): Promise<readonly Change[]> | readonly Change[]
}

export interface DocumentReader {
  document<Body>(tenant: Tenant, collection: string, key: string): Promise<Document<Body> | undefined>
}
