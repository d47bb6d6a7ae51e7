import { type Execution, isFinal } from '../../../core/execution.ts'
import type { ExecutionId, Tenant } from '../../../core/identity.ts'
import type { Engine } from '../../../engine/engine.ts'

/** A deployment has ended without success: what it was still building, and nobody else waits for, is stopped. */
export async function stopBuilds(
  engine: Engine,
  tenant: Tenant,
  deployment: Execution,
  project: string,
): Promise<void> {
  const builds = new Set<ExecutionId>(deployment.status.steps.flatMap(({ awaited }) => awaited ?? []))
  for (const id of await awaitedIn(engine, tenant, project)) builds.delete(id)
  for (const id of builds) {
    const build = await engine.execution(tenant, id).catch(() => undefined)
    if (!build || isFinal(build)) continue
    await engine.stop(tenant, id, { message: 'no deployment waits for it any more', by: 'deploy' })
  }
}

/** What runs and deployments of the project wait for at present. */
async function awaitedIn(engine: Engine, tenant: Tenant, project: string): Promise<readonly ExecutionId[]> {
  const filter = { active: true, refs: { 'upsun.project': project } }
  const awaited: ExecutionId[] = []
  let after: string | undefined
  do {
    const page = await engine.executions(tenant, filter, { limit: 100, ...(after && { after }) })
    for (const { status } of page.items) awaited.push(...status.steps.flatMap((step) => step.awaited ?? []))
    after = page.next
  } while (after !== undefined)
  return awaited
}
