import type { Execution } from '../../../core/execution.ts'
import type { Principal, Tenant } from '../../../core/identity.ts'
import { FACE } from '../auth.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, ServiceRecord, TriggerName } from '../documents.ts'
import { secretVariables } from '../environment/secret-variables.ts'
import { failedPrecondition } from '../errors.ts'
import { refsOfService, serviceKey } from './plan-of-service.ts'
import { registerServices } from './register-service.ts'

export interface ServiceStart {
  readonly principal: Principal
  readonly service: ServiceRecord
  readonly environment: EnvironmentRecord
  readonly startedBy: TriggerName
}

/** Starts it unless it runs already. Throws `failed_precondition` unless its environment runs. */
export async function startService(
  parts: Parts,
  { principal, service, environment, startedBy }: ServiceStart,
): Promise<void> {
  if (environment.phase !== 'running')
    throw failedPrecondition(`environment ${environment.id} is not running: it is ${environment.phase}`)
  if (await activeService(parts, principal.tenant, service.id)) return
  const env = await secretVariables({ engine: parts.engine, tenant: principal.tenant }, environment.role === 'prebuild')
  await registerServices(parts, principal.tenant, environment, env, [service])
  await parts.engine.submit(principal, [
    {
      task: { name: serviceKey(service.id) },
      name: service.reference,
      face: FACE,
      key: serviceKey(service.id),
      trigger: startedBy === 'manual' ? { kind: 'api' } : { kind: 'event', source: startedBy },
      labels: { environment: environment.name, service: service.name, startedBy },
      refs: refsOfService(service),
    },
  ])
}

const filterOf = (id: string) => ({ face: FACE, refs: { kind: 'service', service: id } })

export async function activeService(
  { engine }: Pick<Parts, 'engine'>,
  tenant: Tenant,
  id: string,
): Promise<Execution | undefined> {
  return (await engine.executions(tenant, { ...filterOf(id), active: true }, { limit: 1 })).items[0]
}

/** Its newest run, ended or not. */
export async function latestRun(
  { engine }: Pick<Parts, 'engine'>,
  tenant: Tenant,
  id: string,
): Promise<Execution | undefined> {
  return (await engine.executions(tenant, filterOf(id), { limit: 1 })).items[0]
}
