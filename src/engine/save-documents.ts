import { EngineError } from '../core/engine-error.ts'
import type { Context } from './context.ts'
import type { DocumentChange } from './reactor.ts'

/** The engine's own collections: tasks, nodes, secrets, credentials, webhooks, keys … */
const OWN = 'taskport/'

/** Documents and counters of faces; `forbidden` for the engine's own collections. Returns numbers given by `assign`. */
export async function saveDocuments(context: Context, changes: readonly DocumentChange[]): Promise<readonly number[]> {
  const own = changes.find((change) => change.kind !== 'counter.add' && change.collection.startsWith(OWN))
  if (own) throw new EngineError('forbidden', 'only the engine writes its own records', { subject: 'document' })
  return (await context.store.commit(changes)).assigned
}
