import type { Tenant } from '../../../core/identity.ts'
import type { EnvValue } from '../../../core/step-spec.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, ServiceRecord } from '../documents.ts'
import { planOfService, serviceKey } from './plan-of-service.ts'

/** The engine learns the services by name, so that a step can start what it awaits. No new revision where nothing changed. */
export async function registerServices(
  parts: Parts,
  tenant: Tenant,
  environment: EnvironmentRecord,
  env: Readonly<Record<string, EnvValue>>,
  services: readonly ServiceRecord[],
): Promise<void> {
  for (const service of services) {
    const plan = planOfService(service, environment, env, parts.options)
    await parts.engine.registerTask(tenant, serviceKey(service.id), { plan })
  }
}
