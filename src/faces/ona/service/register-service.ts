import { isEngineError } from '../../../core/engine-error.ts'
import type { Execution } from '../../../core/execution.ts'
import type { Tenant } from '../../../core/identity.ts'
import type { EnvValue } from '../../../core/step-spec.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, ServiceRecord } from '../documents.ts'
import { planOfService, serviceKey } from './plan-of-service.ts'

/** Which specification a run was started with. */
const SPEC_VERSION_LABEL = 'ona.specVersion'

export const specVersionOf = ({ submission }: Execution): number => Number(submission.labels[SPEC_VERSION_LABEL] ?? 0)

/**
 * The engine learns the services by name, so that a step can start what it awaits. No new revision where nothing changed.
 * One run of a service at a time: a further one waits for the end of the one before.
 */
export async function registerServices(
  parts: Parts,
  tenant: Tenant,
  environment: EnvironmentRecord,
  env: Readonly<Record<string, EnvValue>>,
  services: readonly ServiceRecord[],
): Promise<void> {
  for (const service of services) {
    const plan = planOfService(service, environment, env, parts.options)
    const key = serviceKey(service.id)
    const labels = { [SPEC_VERSION_LABEL]: String(service.specVersion) }
    await parts.engine.registerTask(tenant, key, { plan, labels, concurrency: [{ key, limit: 1 }] })
  }
}

/** Nothing starts it any more; one that was never started the engine does not know. */
export async function unregisterService({ engine }: Pick<Parts, 'engine'>, tenant: Tenant, id: string): Promise<void> {
  await engine.deactivateTask(tenant, serviceKey(id)).catch((error: unknown) => {
    if (!isEngineError(error, 'not_found')) throw error
  })
}
