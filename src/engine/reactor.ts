import type { UnplacedEvent } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'
import type { Tenant } from '../core/identity.ts'
import type { Change, Document } from '../core/ports/store.ts'

/** The changes a face may make: to documents and counters, never to executions or events. */
export type DocumentChange = Extract<Change, { kind: 'document.put' | 'document.delete' | 'counter.add' }>

/**
 * A face's share in a commit: given the events of one execution that are about to be committed together and the
 * execution after them, it returns changes to the face's own documents for the same commit, so that a sequence number or
 * a usage event is exact. Pure but for what it reads; it may be asked again when the commit conflicts. One that throws
 * is logged and holds nothing up.
 */
export interface Reactor {
  readonly face: string
  /** Only executions of this face reach it, and only these transitions. */
  readonly kinds: readonly UnplacedEvent['transition']['kind'][]
  react(
    events: readonly UnplacedEvent[],
    execution: Execution,
    documents: DocumentReader,
  ): Promise<readonly DocumentChange[]> | readonly DocumentChange[]
}

/** Reads as the store will be after this commit's other changes. */
export interface DocumentReader {
  document<Body>(tenant: Tenant, collection: string, key: string): Promise<Document<Body> | undefined>
}
