/** Services: create, get, list, update, delete, start, stop. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { isEngineError } from '../../../core/engine-error.ts'
import { isFinal } from '../../../core/execution.ts'
import type { Document } from '../../../core/ports/store.ts'
import { changeAgain } from '../../kit/documents.ts'
import { putAutomation, putReference } from '../automation/automations-of.ts'
import { listAutomations } from '../automation/list-automations.ts'
import { madeBefore } from '../automation/made-before.ts'
import {
  parseCommand,
  parseReadiness,
  parseRunsOn,
  parseTriggers,
  parseVariables,
} from '../automation/parse-automation.ts'
import { refuseWithDependents, removeAutomation } from '../automation/remove-automation.ts'
import { type Call, checkEnvironment, isNamed } from '../call.ts'
import { COLLECTIONS, type ServiceRecord } from '../documents.ts'
import { findEnvironment, findLastingEnvironment } from '../environment/find-environment.ts'
import { alreadyExists, failedPrecondition, invalidArgument, missing, permissionDenied } from '../errors.ts'
import type * as wire from '../gen/gitpod/v1/environment_automation_pb.js'
import { ServiceRole } from '../gen/gitpod/v1/environment_automation_pb.js'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { presentService } from '../service/present-service.ts'
import { unregisterService } from '../service/register-service.ts'
import { activeService, latestRun, startService as start, stopService as stop } from '../service/start-service.ts'
import { creatorOf } from '../wire/subject.ts'
import { filterEnums, needReference, needText, needUuid } from '../wire/validate.ts'

const STOP_WAIT_MS = 150_000

export async function createService(
  call: Call,
  { environmentId, metadata, spec }: wire.CreateServiceRequest,
): Promise<MessageInitShape<typeof wire.CreateServiceResponseSchema>> {
  const { body: environment } = await findLastingEnvironment(call, environmentId)
  const runsOn = parseRunsOn(spec?.runsOn, 'spec.runs_on')
  const readinessTimeoutMs = parseReadiness('spec.readiness_timeout', spec?.readinessTimeout)
  const service: ServiceRecord = {
    id: call.engine.newExecutionId(),
    environment: environment.id,
    reference: needReference('metadata.reference', metadata?.reference ?? ''),
    name: needText('metadata.name', metadata?.name ?? ''),
    description: metadata?.description ?? '',
    createdAt: call.engine.now(),
    creator: creatorOf(call.caller.principal),
    triggeredBy: parseTriggers(metadata?.triggeredBy ?? []),
    role: metadata?.role ?? 0,
    commands: parseCommands(spec?.commands),
    ...(runsOn && { runsOn }),
    env: parseVariables(spec?.env ?? [], 'spec.env'),
    ...(readinessTimeoutMs !== undefined && { readinessTimeoutMs }),
    specVersion: 1,
    output: {},
  }
  const { body, version } = await insert(call, service)
  return { service: await shown(call, body, version) }
}

function parseCommands(commands: Partial<ServiceRecord['commands']> | undefined): ServiceRecord['commands'] {
  return {
    start: parseCommand('spec.commands.start', needText('spec.commands.start', commands?.start ?? '')),
    ready: parseCommand('spec.commands.ready', commands?.ready ?? ''),
    stop: parseCommand('spec.commands.stop', commands?.stop ?? ''),
  }
}

async function insert(call: Call, service: ServiceRecord): Promise<Pick<Document<ServiceRecord>, 'body' | 'version'>> {
  try {
    const changes = [putReference(call.tenant, service), putAutomation(call.tenant, COLLECTIONS.service, service, 0)]
    await call.engine.saveDocuments(changes)
  } catch (error) {
    if (!isEngineError(error, 'conflict')) throw error
    const before = await madeBefore(call, COLLECTIONS.service, service)
    if (before) return before
    throw alreadyExists(`an automation with reference ${service.reference} already exists`)
  }
  tell(call, service, ResourceOperation.CREATE)
  return { body: service, version: 1 }
}

const tell = (call: Call, service: ServiceRecord, operation: ResourceOperation): void =>
  call.hub.tell(call.tenant, service.environment, operation, ResourceType.SERVICE, service.id)

async function find(call: Call, id: string): Promise<Document<ServiceRecord>> {
  const key = needUuid('id', id)
  const found = await call.engine.document<ServiceRecord>(call.tenant, COLLECTIONS.service, key)
  if (!found) throw missing('service', key)
  checkEnvironment(call, found.body.environment)
  return found
}

async function shown(call: Call, service: ServiceRecord, version: number) {
  return presentService(service, version, await latestRun(call, call.tenant, service.id), call.context.publicUrl())
}

export async function getService(
  call: Call,
  { id }: wire.GetServiceRequest,
): Promise<MessageInitShape<typeof wire.GetServiceResponseSchema>> {
  const { body, version } = await find(call, id)
  return { service: await shown(call, body, version) }
}

export async function listServices(
  call: Call,
  request: wire.ListServicesRequest,
): Promise<MessageInitShape<typeof wire.ListServicesResponseSchema>> {
  const roles = filterEnums('filter.roles', request.filter?.roles ?? [], ServiceRole)
  const filter = request.filter && { ...request.filter, ids: request.filter.serviceIds, idField: 'filter.service_ids' }
  const test = (s: ServiceRecord): boolean => roles.length === 0 || roles.includes(s.role)
  const { items, next } = await listAutomations<ServiceRecord>(
    call,
    COLLECTIONS.service,
    request.pagination,
    filter,
    test,
  )
  const services = await Promise.all(items.map(({ body, version }) => shown(call, body, version)))
  return { pagination: { nextToken: next ?? '' }, services }
}

/** Its specification only while it is stopped: throws `failed_precondition`. */
export async function updateService(call: Call, request: wire.UpdateServiceRequest): Promise<object> {
  refuseReports(request.status)
  const { body: before } = await find(call, request.id)
  if (request.spec && (await activeService(call, call.tenant, before.id)))
    throw failedPrecondition(`service ${before.reference} is not stopped`)
  const after = await changeAgain(async () => {
    const { body, version } = await find(call, request.id)
    const record = updated(call, body, request)
    await call.engine.saveDocuments([putAutomation(call.tenant, COLLECTIONS.service, record, version)])
    return record
  })
  tell(
    call,
    after,
    request.status && !request.spec && !request.metadata ? ResourceOperation.UPDATE_STATUS : ResourceOperation.UPDATE,
  )
  return {}
}

/** What its run alone can tell. Throws `permission_denied`. */
function refuseReports(status: wire.UpdateServiceRequest_Status | undefined): void {
  const { phase, failureMessage, logUrl, session } = status ?? {}
  const reports = { phase, failure_message: failureMessage, log_url: logUrl, session }
  const told = Object.entries(reports).find(([, value]) => value !== undefined)?.[0]
  if (told !== undefined)
    throw permissionDenied(`status.${told}: told by what runs the service; only output can be set`)
}

function updated(
  call: Call,
  service: ServiceRecord,
  { metadata, spec, status }: wire.UpdateServiceRequest,
): ServiceRecord {
  const { runsOn: formerRunsOn, readinessTimeoutMs: formerReadiness, ...rest } = service
  const runsOn = spec?.runsOn ? parseRunsOn(spec.runsOn, 'spec.runs_on') : formerRunsOn
  const readiness = spec?.readinessTimeout
    ? parseReadiness('spec.readiness_timeout', spec.readinessTimeout)
    : formerReadiness
  return {
    ...rest,
    ...(metadata?.name !== undefined && { name: needText('metadata.name', metadata.name) }),
    ...(metadata?.description !== undefined && { description: metadata.description }),
    ...(metadata?.triggeredBy && { triggeredBy: parseTriggers(metadata.triggeredBy.trigger) }),
    ...(metadata?.role !== undefined && { role: metadata.role }),
    ...(runsOn && { runsOn }),
    ...(readiness !== undefined && { readinessTimeoutMs: readiness }),
    commands: parseCommands({ ...service.commands, ...defined(spec?.commands) }),
    ...(spec &&
      (spec.env.length > 0 || isNamed(call.json, 'spec', 'env')) && { env: parseVariables(spec.env, 'spec.env') }),
    ...(spec && { specVersion: service.specVersion + 1 }),
    output: withOutput(service.output, status?.output ?? {}),
  }
}

const defined = (commands: wire.UpdateServiceRequest_Commands | undefined): Partial<ServiceRecord['commands']> => ({
  ...(commands?.start !== undefined && { start: commands.start }),
  ...(commands?.ready !== undefined && { ready: commands.ready }),
  ...(commands?.stop !== undefined && { stop: commands.stop }),
})

const MOST_OUTPUTS = 128
const LONGEST_OUTPUT = 4_096

/** An empty value unsets its key. */
function withOutput(
  before: Readonly<Record<string, string>>,
  set: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(set)) {
    if (key.length < 1 || key.length > 128) throw invalidArgument('status.output: keys have 1 to 128 characters')
    if (value.length > LONGEST_OUTPUT)
      throw invalidArgument(`status.output: values have at most ${LONGEST_OUTPUT} characters`)
  }
  const after = Object.fromEntries(Object.entries({ ...before, ...set }).filter(([, value]) => value !== ''))
  if (Object.keys(after).length > MOST_OUTPUTS) throw invalidArgument(`status.output: at most ${MOST_OUTPUTS} keys`)
  return after
}

/** Stops first and waits for it; with `force` it goes at once, and its programs with it. */
export async function deleteService(call: Call, { id, force }: wire.DeleteServiceRequest): Promise<object> {
  const { body: service } = await find(call, id)
  await refuseWithDependents(call, service.environment, service.id)
  const { tenant, engine } = call
  const runs = await stop(call, call.caller.principal, service.id, force ? { graceMs: 0 } : {})
  if (!force) for (const run of runs) await engine.waitFor(tenant, run.id, isFinal, STOP_WAIT_MS)
  await removeAutomation(call, COLLECTIONS.service, service)
  await unregisterService(call, tenant, service.id)
  tell(call, service, ResourceOperation.DELETE)
  return {}
}

export async function startService(call: Call, { id }: wire.StartServiceRequest): Promise<object> {
  const { body: service } = await find(call, id)
  const { body: environment } = await findEnvironment(call, service.environment)
  await start(call, { principal: call.caller.principal, service, environment, startedBy: 'manual' })
  return {}
}

export async function stopService(call: Call, { id }: wire.StopServiceRequest): Promise<object> {
  const { body: service } = await find(call, id)
  await stop(call, call.caller.principal, service.id)
  return {}
}
