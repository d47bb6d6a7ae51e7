/**
 * Usage and audit events, and jobs, are kept so long after they were told, also those of apps that are gone; oldest go
 * first.
 */
import type { FastifyInstance } from 'fastify'
import type { Tenant } from '../../../core/identity.ts'
import type { Instant } from '../../../core/instant.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import type { FaceContext } from '../../kit/face.ts'
import { FACE } from '../auth.ts'
import { COLLECTIONS, type Resource } from '../documents.ts'

const AT_ONCE = 500
const EVERY_MS = 3_600_000

/** All are listed in the order they were told. */
const TOLD = [COLLECTIONS.usageEvent, COLLECTIONS.auditEvent, COLLECTIONS.job]

/** Takes away what was told before `before`; answers how many that were. */
export async function pruneEvents(
  engine: Pick<Engine, 'documents' | 'saveDocuments'>,
  tenant: Tenant,
  before: Instant,
): Promise<number> {
  let pruned = 0
  for (const collection of TOLD)
    for (let gone = AT_ONCE; gone === AT_ONCE; pruned += gone) {
      const { items } = await engine.documents<Resource>(tenant, collection, { limit: AT_ONCE })
      const old = items.filter(({ body }) => body.created < before)
      const changes = old.map(({ key }): DocumentChange => ({ kind: 'document.delete', tenant, collection, key }))
      if (changes.length > 0) await engine.saveDocuments(changes)
      gone = old.length
    }
  return pruned
}

/** At the start, and every hour while the face is there. */
export function keepPruned(app: FastifyInstance, context: FaceContext, retentionMs: number): void {
  const prune = (): Promise<void> =>
    pruneAll(context, retentionMs).catch((error: unknown) =>
      context.log.warn({ error: String(error) }, 'old events of Cloud Foundry stay for now'),
    )
  const timer = setInterval(prune, EVERY_MS).unref()
  // Nobody waits for it: there may be many.
  app.addHook('onReady', async () => void prune())
  app.addHook('onClose', async () => clearInterval(timer))
}

async function pruneAll({ engine, credentials }: FaceContext, retentionMs: number): Promise<void> {
  const first = await credentials.firstStart(FACE)
  const views = await credentials.list({ face: FACE })
  const tenants = new Set([first.principal.tenant, ...views.map(({ tenant }) => tenant)])
  for (const tenant of tenants) await pruneEvents(engine, tenant, engine.now() - retentionMs)
}
