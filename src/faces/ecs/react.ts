import type { Reactor } from '../../engine/reactor.ts'
import { FACE } from './auth.ts'
import { COLLECTIONS } from './documents.ts'

/** What this face keeps beside an execution goes with it. */
export const reactor: Reactor = {
  face: FACE,
  kinds: ['execution.removed'],
  react: (_events, { tenant, id }) => [{ kind: 'document.delete', tenant, collection: COLLECTIONS.taskTags, key: id }],
}
