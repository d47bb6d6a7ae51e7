import type { Reactor } from '../../engine/reactor.ts'
import { FACE } from './auth.ts'
import { COLLECTIONS } from './documents.ts'

/** What this face keeps beside an execution goes with it. */
export const reactor: Reactor = {
  face: FACE,
  kinds: ['execution.removed'],
  react: ({ tenant, execution }) => [
    { kind: 'document.delete', tenant, collection: COLLECTIONS.taskTags, key: execution },
  ],
}
