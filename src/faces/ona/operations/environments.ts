/** The environments of the caller's tenant: create, get, list, start, stop, update, delete. */

import type { MessageInitShape } from '@bufbuild/protobuf'
import { timestampMs } from '@bufbuild/protobuf/wkt'
import { changeAgain } from '../../kit/documents.ts'
import { type Call, checkEnvironment, isNamed } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { applyAutomations } from '../environment/apply-automations.ts'
import { putErrand } from '../environment/errands.ts'
import { findEnvironment } from '../environment/find-environment.ts'
import { type NewEnvironment, newEnvironment } from '../environment/new-environment.ts'
import { checkClass, PHASES, presentEnvironment, RUNNER_ID } from '../environment/present-environment.ts'
import { specOf, specToJson } from '../environment/spec-json.ts'
import { putEnvironment, startEnvironment as start } from '../environment/start-environment.ts'
import { failedPrecondition, invalidArgument, unimplemented } from '../errors.ts'
import type * as wire from '../gen/gitpod/v1/environment_pb.js'
import {
  ListEnvironmentsRequest_ArchivalStatus as ArchivalStatus,
  EnvironmentPhase,
  EnvironmentRole,
} from '../gen/gitpod/v1/environment_pb.js'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { newestPrebuild } from '../prebuild/find-prebuild.ts'
import { findProject } from '../project/find-project.ts'
import { specOfProject } from '../project/spec-of-project.ts'
import { filteredPage, pageOf } from '../wire/pagination.ts'
import { filterEnums, filterValues, needInside } from '../wire/validate.ts'

const LONGEST_NAME = 80
const FILE_PATH = 'spec.automations_file.automations_file_path'

export async function createEnvironment(
  call: Call,
  { spec, name, annotations }: wire.CreateEnvironmentRequest,
): Promise<MessageInitShape<typeof wire.CreateEnvironmentResponseSchema>> {
  checkEnvironment(call, '')
  if (!spec) throw invalidArgument('spec: value is required')
  return { environment: await created(call, { spec, annotations, role: 'default', ...named(name) }) }
}

/** What the project says goes before what the request says; a finished prebuild of it is where the files come from. */
export async function createEnvironmentFromProject(
  call: Call,
  { projectId, spec, name, annotations }: wire.CreateEnvironmentFromProjectRequest,
): Promise<MessageInitShape<typeof wire.CreateEnvironmentFromProjectResponseSchema>> {
  const { body: project } = await findProject(call, projectId)
  const made = await newestPrebuild(call, project.id)
  const request = {
    spec: specOfProject(project, spec),
    annotations,
    role: 'default' as const,
    project: project.id,
    ...named(name),
    ...(made && { prebuild: made.prebuild, from: made.directory }),
  }
  return { environment: await created(call, request) }
}

function named(name: string | undefined): { readonly name?: string } {
  if (name !== undefined && name.length > LONGEST_NAME)
    throw invalidArgument(`name: value length must be at most ${LONGEST_NAME} characters`)
  return name === undefined || name === '' ? {} : { name }
}

async function created(call: Call, request: NewEnvironment) {
  checkClass('spec.machine.class', request.spec.machine?.class)
  needInside(FILE_PATH, request.spec.automationsFile?.automationsFilePath ?? '')
  const record = newEnvironment(call, call.caller.principal, request)
  const started = await start(call, call.caller.principal, record, 0)
  tell(call, started, ResourceOperation.CREATE)
  return shown(call, started, 1)
}

const shown = (call: Call, record: EnvironmentRecord, version: number) =>
  presentEnvironment(record, version, {
    tenant: call.tenant,
    publicUrl: call.context.publicUrl(),
    options: call.options,
  })

export function tell(
  call: Pick<Call, 'hub' | 'tenant'>,
  { id }: EnvironmentRecord,
  operation: ResourceOperation,
): void {
  call.hub.tell(call.tenant, id, operation, ResourceType.ENVIRONMENT, id)
}

export async function getEnvironment(
  call: Call,
  { environmentId }: wire.GetEnvironmentRequest,
): Promise<MessageInitShape<typeof wire.GetEnvironmentResponseSchema>> {
  const { body, version } = await findEnvironment(call, environmentId)
  return { environment: shown(call, body, version) }
}

/** Newest first. */
export async function listEnvironments(
  call: Call,
  { pagination, filter }: wire.ListEnvironmentsRequest,
): Promise<MessageInitShape<typeof wire.ListEnvironmentsResponseSchema>> {
  const test = testOf(call, filter)
  const page = await filteredPage(
    { ...pageOf(call.query, pagination), ascending: false },
    (p) => call.engine.documents<EnvironmentRecord>(call.tenant, COLLECTIONS.environment, p),
    ({ body }) => test(body),
  )
  const environments = page.items.map(({ body, version }) => shown(call, body, version))
  return { pagination: { nextToken: page.next ?? '' }, environments }
}

function testOf(
  call: Call,
  filter: wire.ListEnvironmentsRequest_Filter | undefined,
): (e: EnvironmentRecord) => boolean {
  const creators = filterValues('filter.creator_ids', filter?.creatorIds ?? [])
  const projects = filterValues('filter.project_ids', filter?.projectIds ?? [])
  const runners = filterValues('filter.runner_ids', filter?.runnerIds ?? [])
  const phases = filterEnums('filter.status_phases', filter?.statusPhases ?? [], EnvironmentPhase)
  const roles = filterEnums('filter.roles', filter?.roles ?? [], EnvironmentRole)
  const archived = filter?.archivalStatus === ArchivalStatus.ARCHIVED
  const words = (filter?.search ?? '').toLowerCase()
  const own = call.caller.environment
  return (e) =>
    (own === undefined || e.id === own) &&
    !archived &&
    (runners.length === 0 || runners.includes(RUNNER_ID)) &&
    (creators.length === 0 || creators.includes(e.creator.id)) &&
    (phases.length === 0 || phases.includes(PHASES[e.phase].phase)) &&
    (roles.length === 0 ||
      roles.includes(e.role === 'prebuild' ? EnvironmentRole.PREBUILD : EnvironmentRole.DEFAULT)) &&
    (projects.length === 0 || (e.project !== undefined && projects.includes(e.project))) &&
    (words === '' || `${e.id} ${e.name} ${JSON.stringify(e.spec)}`.toLowerCase().includes(words))
}

/** One that starts or runs is left as it is. */
export async function startEnvironment(call: Call, { environmentId }: wire.StartEnvironmentRequest): Promise<object> {
  await changeAgain(async () => {
    const { body, version } = await findEnvironment(call, environmentId)
    refusePrebuilds(body)
    if (body.phase === 'running' || body.phase === 'starting' || body.phase === 'creating') return
    if (body.phase !== 'stopped') throw failedPrecondition(`environment ${body.id} is ${body.phase}`)
    const { failure: _, ...rest } = body
    const record = await start(
      call,
      call.caller.principal,
      { ...rest, phase: 'starting', starts: body.starts + 1 },
      version,
    )
    tell(call, record, ResourceOperation.UPDATE)
  })
  return {}
}

/** Stopping what is stopped changes nothing. */
export async function stopEnvironment(call: Call, { environmentId }: wire.StopEnvironmentRequest): Promise<object> {
  await sendOn(call, environmentId, 'stop', 'stopping', ['stopped', 'stopping', 'deleting'])
  return {}
}

/** Its programs are stopped, then everything of it goes. A directory of the operator's stays. */
export async function deleteEnvironment(call: Call, { environmentId }: wire.DeleteEnvironmentRequest): Promise<object> {
  await sendOn(call, environmentId, 'delete', 'deleting', ['deleting'])
  return {}
}

/** It starts, stops and goes with its prebuild. */
function refusePrebuilds({ id, role, prebuild }: EnvironmentRecord): void {
  if (role === 'prebuild') throw failedPrecondition(`environment ${id} belongs to prebuild ${prebuild}`)
}

async function sendOn(
  call: Call,
  environmentId: string,
  kind: 'stop' | 'delete',
  phase: EnvironmentRecord['phase'],
  unless: readonly EnvironmentRecord['phase'][],
): Promise<void> {
  const { tenant, caller } = call
  await changeAgain(async () => {
    const { body, version } = await findEnvironment(call, environmentId)
    refusePrebuilds(body)
    if (unless.includes(body.phase)) return
    const record = { ...body, phase }
    const errand = putErrand({ kind, tenant, environment: body.id, principal: caller.principal })
    await call.engine.saveDocuments([putEnvironment({ tenant }, record, version), errand])
    tell(call, record, ResourceOperation.UPDATE)
    call.errands.begin(body.id)
  })
}

/** A name, or an automations file: with a new session or path it is read again. */
export async function updateEnvironment(
  call: Call,
  { environmentId, metadata, spec }: wire.UpdateEnvironmentRequest,
): Promise<object> {
  const fixed = FIXED.find((name) => isNamed(call.json, 'spec', name))
  if (fixed !== undefined) throw unimplemented(`spec.${fixed} cannot be changed: the name and the automations file can`)
  if (metadata?.name !== undefined && (metadata.name === '' || metadata.name.length > LONGEST_NAME))
    throw invalidArgument(`metadata.name: value length must be between 1 and ${LONGEST_NAME} characters`)
  const changed = await changeAgain(async () => {
    const { body, version } = await findEnvironment(call, environmentId)
    const record = {
      ...withAutomations(body, spec?.automationsFile),
      ...(metadata?.name !== undefined && { name: metadata.name }),
    }
    await call.engine.saveDocuments([putEnvironment(call, record, version)])
    return record
  })
  if (spec?.automationsFile && changed.phase === 'running') await readAgain(call, changed)
  tell(call, changed, ResourceOperation.UPDATE)
  return {}
}

/** What the vendor changes and this does not. */
const FIXED = ['content', 'devcontainer', 'ports', 'sshPublicKeys', 'timeout'] as const

function withAutomations(
  body: EnvironmentRecord,
  file: wire.UpdateEnvironmentRequest_AutomationsFile | undefined,
): EnvironmentRecord {
  if (!file) return body
  const spec = specOf(body.spec)
  const former = spec.automationsFile
  const automationsFile = {
    $typeName: 'gitpod.v1.EnvironmentSpec.AutomationsFile' as const,
    session: file.session ?? former?.session ?? '',
    automationsFilePath: needInside(FILE_PATH, file.automationsFilePath ?? former?.automationsFilePath ?? ''),
    triggerFilter: former?.triggerFilter ?? [],
  }
  return { ...body, spec: specToJson({ ...spec, automationsFile }), specVersion: body.specVersion + 1 }
}

async function readAgain(call: Call, environment: EnvironmentRecord): Promise<void> {
  const automations = await applyAutomations(call, call.caller.principal, environment)
  await changeAgain(async () => {
    const { body, version } = await findEnvironment(call, environment.id)
    await call.engine.saveDocuments([putEnvironment(call, { ...body, automations }, version)])
  })
}

export async function markEnvironmentActive(
  call: Call,
  { environmentId, activitySignal }: wire.MarkEnvironmentActiveRequest,
): Promise<object> {
  const activity = parseActivity(call, activitySignal)
  const changed = await changeAgain(async () => {
    const { body, version } = await findEnvironment(call, environmentId)
    if (!activity) return undefined
    const record = { ...body, activity }
    await call.engine.saveDocuments([putEnvironment(call, record, version)])
    return record
  })
  if (changed) tell(call, changed, ResourceOperation.UPDATE_STATUS)
  return {}
}

function parseActivity(
  call: Call,
  signal: wire.EnvironmentActivitySignal | undefined,
): EnvironmentRecord['activity'] | undefined {
  if (!signal) return undefined
  if (signal.source.length < 3 || signal.source.length > LONGEST_NAME)
    throw invalidArgument(`activity_signal.source: value length must be between 3 and ${LONGEST_NAME} characters`)
  return { source: signal.source, at: signal.timestamp ? timestampMs(signal.timestamp) : call.engine.now() }
}

export async function createEnvironmentLogsToken(
  call: Call,
  { environmentId }: wire.CreateEnvironmentLogsTokenRequest,
): Promise<MessageInitShape<typeof wire.CreateEnvironmentLogsTokenResponseSchema>> {
  const { body } = await findEnvironment(call, environmentId)
  return { accessToken: call.auth.logsToken(call.tenant, body.id) }
}

export async function createEnvironmentAccessToken(
  call: Call,
  { environmentId }: wire.CreateEnvironmentAccessTokenRequest,
): Promise<MessageInitShape<typeof wire.CreateEnvironmentAccessTokenResponseSchema>> {
  const { body } = await findEnvironment(call, environmentId)
  checkEnvironment(call, body.id)
  return { accessToken: call.auth.accessToken(call.tenant, body.id) }
}
