import { type Execution, isFinal } from '../../../core/execution.ts'
import type { Principal, Tenant } from '../../../core/identity.ts'
import { FACE } from '../auth.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, ServiceRecord, TriggerName } from '../documents.ts'
import { secretVariables } from '../environment/secret-variables.ts'
import { failedPrecondition, noEngine } from '../errors.ts'
import { refsOfService, serviceKey } from './plan-of-service.ts'
import { registerServices, specVersionOf } from './register-service.ts'

export interface ServiceStart {
  readonly principal: Principal
  readonly service: ServiceRecord
  readonly environment: EnvironmentRecord
  readonly startedBy: TriggerName
}

/**
 * Starts it unless it runs already as it is specified now. One that stops, or runs from an earlier specification, is
 * followed by the new run when it has ended. Throws `failed_precondition` unless its environment runs.
 */
export async function startService(parts: Parts, start: ServiceStart): Promise<void> {
  const { service, environment, principal } = start
  if (environment.phase !== 'running')
    throw failedPrecondition(`environment ${environment.id} is not running: it is ${environment.phase}`)
  if (service.runsOn?.kind === 'docker' && !parts.options.containers()) throw noEngine(service.reference)
  // A task that needs the service may be about to start it as well.
  await parts.engine.oneOfAKey(principal.tenant, serviceKey(service.id), () => startOnce(parts, start))
}

async function startOnce(parts: Parts, { principal, service, environment, startedBy }: ServiceStart): Promise<void> {
  const { tenant } = principal
  const newest = await latestRun(parts, tenant, service.id)
  const active = newest && !isFinal(newest) ? newest : undefined
  if (active?.status.desired === 'run' && specVersionOf(active) >= service.specVersion) return
  const env = await secretVariables({ engine: parts.engine, tenant }, environment)
  await registerServices(parts, tenant, environment, env, [service])
  const request = {
    task: { name: serviceKey(service.id) },
    name: service.reference,
    face: FACE,
    key: serviceKey(service.id),
    trigger: startedBy === 'manual' ? ({ kind: 'api' } as const) : ({ kind: 'event', source: startedBy } as const),
    labels: { environment: environment.name, service: service.name, startedBy },
    refs: refsOfService(service),
  }
  // Two who start it at once start it once: there is one run after the newest.
  const idempotency = { key: `service/${service.id}/after/${newest?.id ?? ''}`, fingerprint: service.id }
  await parts.engine.submit(principal, [request], { idempotency })
  if (active?.status.desired === 'run')
    await parts.engine.stop(tenant, active.id, {
      by: principal.id,
      message: 'its specification changed: it starts anew',
    })
}

/** Every run that has not ended is asked to; answers them. */
export async function stopService(
  { engine }: Pick<Parts, 'engine'>,
  principal: Principal,
  id: string,
  how: { readonly graceMs?: number } = {},
): Promise<readonly Execution[]> {
  const { items } = await engine.executions(principal.tenant, { ...filterOf(id), active: true }, { limit: MOST_RUNS })
  for (const run of items) await engine.stop(principal.tenant, run.id, { by: principal.id, ...how })
  return items
}

/** One that runs and those that wait for its end. */
const MOST_RUNS = 100

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
