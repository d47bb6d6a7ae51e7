import type { Tenant } from '../../../core/identity.ts'
import type { FaceContext } from '../../kit/face.ts'
import { recordOf } from '../activity/activity-record.ts'
import { FACE } from '../auth.ts'
import type { Call } from '../call.ts'
import { tenantsOf } from '../tenants.ts'
import { cancelOlderRuns, cancelReplaced } from './cancel-older-runs.ts'

const PAGE = 100

/** What a former server left: deployments under way, runs whose deployment was replaced while nobody looked, old builds. */
export async function resumeDeployments({ context, builds }: Pick<Call, 'context' | 'builds'>): Promise<void> {
  for (const tenant of await tenantsOf(context)) {
    await resumeTenant(context, tenant)
    await builds.sweep(tenant)
  }
}

async function resumeTenant({ engine, log }: FaceContext, tenant: Tenant): Promise<void> {
  const places = new Map<string, readonly [project: string, environment: string]>()
  let after: string | undefined
  do {
    const filter = { active: true, face: FACE }
    const page = await engine.executions(tenant, filter, { limit: PAGE, ...(after && { after }) })
    for (const execution of page.items) {
      const record = recordOf(execution)
      if (!record) continue
      const { project, environment } = record
      if (record.deployment === undefined) places.set(`${project}/${environment}`, [project, environment])
      else
        void cancelOlderRuns(engine, tenant, { execution, record }).catch((err) =>
          log.error({ err }, 'runs were not cancelled'),
        )
    }
    after = page.next
  } while (after !== undefined)
  for (const [project, environment] of places.values()) await cancelReplaced(engine, tenant, project, environment)
}
