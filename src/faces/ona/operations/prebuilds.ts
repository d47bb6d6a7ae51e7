/** Prebuilds of a project: an environment is filled, its tasks for prebuilds run, and its files are kept for others. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { changeAgain } from '../../kit/documents.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord, type PrebuildRecord } from '../documents.ts'
import { type Errand, putErrand } from '../environment/errands.ts'
import { newEnvironment } from '../environment/new-environment.ts'
import { checkClass } from '../environment/present-environment.ts'
import { putEnvironment, startEnvironment } from '../environment/start-environment.ts'
import { failedPrecondition, missing } from '../errors.ts'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import type * as wire from '../gen/gitpod/v1/prebuild_pb.js'
import { PrebuildMetadata_PrebuildTrigger as Trigger } from '../gen/gitpod/v1/prebuild_pb.js'
import { findPrebuild, putPrebuild } from '../prebuild/find-prebuild.ts'
import { isOver, PREBUILD_PHASES } from '../prebuild/life-cycle.ts'
import { parseTimeout } from '../prebuild/parse-timeout.ts'
import { presentPrebuild } from '../prebuild/present-prebuild.ts'
import { findProject } from '../project/find-project.ts'
import { specOfProject } from '../project/spec-of-project.ts'
import { filteredPage, pageOf } from '../wire/pagination.ts'
import { creatorOf } from '../wire/subject.ts'
import { filterValues } from '../wire/validate.ts'

export async function createPrebuild(
  call: Call,
  { projectId, environmentClassId, spec }: wire.CreatePrebuildRequest,
): Promise<MessageInitShape<typeof wire.CreatePrebuildResponseSchema>> {
  const { body: project } = await findProject(call, projectId)
  checkClass('environment_class_id', environmentClassId)
  const timeoutMs = parseTimeout('spec.timeout', spec?.timeout)
  const { principal } = call.caller
  const id = call.engine.newExecutionId()
  const request = { spec: specOfProject(project), name: `prebuild of ${project.name}`, role: 'prebuild' as const }
  const environment = newEnvironment(call, principal, { ...request, project: project.id, prebuild: id })
  if (!environment.workspace.own)
    throw failedPrecondition('a directory that is used in place cannot be prebuilt: a prebuild has files of its own')
  const now = call.engine.now()
  const prebuild: PrebuildRecord = {
    id,
    project: project.id,
    creator: creatorOf(principal),
    createdAt: now,
    updatedAt: now,
    timeoutMs,
    phase: 'starting',
    environment: environment.id,
    warnings: [],
  }
  await startEnvironment(call, principal, environment, 0, [putPrebuild(call, prebuild, 0)])
  tell(call, prebuild, ResourceOperation.CREATE)
  return { prebuild: presentPrebuild(call, { body: prebuild, version: 1 }) }
}

const tell = (call: Call, { id, environment }: PrebuildRecord, operation: ResourceOperation): void =>
  call.hub.tell(call.tenant, environment, operation, ResourceType.PREBUILD, id)

export async function getPrebuild(
  call: Call,
  { prebuildId }: wire.GetPrebuildRequest,
): Promise<MessageInitShape<typeof wire.GetPrebuildResponseSchema>> {
  return { prebuild: presentPrebuild(call, await findPrebuild(call, prebuildId)) }
}

/** Newest first. */
export async function listPrebuilds(
  call: Call,
  { pagination, filter }: wire.ListPrebuildsRequest,
): Promise<MessageInitShape<typeof wire.ListPrebuildsResponseSchema>> {
  checkEnvironment(call, '')
  const projects = filterValues('filter.project_ids', filter?.projectIds ?? [])
  const creators = filterValues('filter.creator_ids', filter?.creatorIds ?? [])
  const { phases = [], triggeredBy = [] } = filter ?? {}
  const page = await filteredPage(
    { ...pageOf(call.query, pagination), ascending: false },
    (p) => call.engine.documents<PrebuildRecord>(call.tenant, COLLECTIONS.prebuild, p),
    ({ body }) =>
      any(projects, body.project) &&
      any(creators, body.creator.id) &&
      any(phases, PREBUILD_PHASES[body.phase].phase) &&
      any(triggeredBy, Trigger.MANUAL),
  )
  return {
    pagination: { nextToken: page.next ?? '' },
    prebuilds: page.items.map((document) => presentPrebuild(call, document)),
  }
}

const any = <Value>(wanted: readonly Value[], value: Value): boolean => wanted.length === 0 || wanted.includes(value)

/** What is over is left as it is. */
export async function cancelPrebuild(
  call: Call,
  { prebuildId }: wire.CancelPrebuildRequest,
): Promise<MessageInitShape<typeof wire.CancelPrebuildResponseSchema>> {
  await sendOn(call, prebuildId, 'cancel')
  return { prebuild: presentPrebuild(call, await findPrebuild(call, prebuildId)) }
}

export async function deletePrebuild(call: Call, { prebuildId }: wire.DeletePrebuildRequest): Promise<object> {
  await removePrebuild(call, prebuildId)
  return {}
}

/** Its programs are stopped, then it goes with its environment. */
export const removePrebuild = (call: Call, id: string): Promise<void> => sendOn(call, id, 'delete')

const PHASES_OF = {
  cancel: { prebuild: 'cancelling', environment: 'stopping' },
  delete: { prebuild: 'deleting', environment: 'deleting' },
} as const

/** The prebuild, its environment and the errand change in one commit. */
async function sendOn(call: Call, id: string, kind: Errand['kind'] & keyof typeof PHASES_OF): Promise<void> {
  const { tenant, caller, engine } = call
  const changed = await changeAgain(async () => {
    const prebuild = await findPrebuild(call, id)
    const { body } = prebuild
    if (body.phase === 'deleting' || (kind === 'cancel' && (isOver(body) || body.phase === 'cancelling')))
      return undefined
    const environment = await engine.document<EnvironmentRecord>(tenant, COLLECTIONS.environment, body.environment)
    if (!environment) throw missing('environment', body.environment)
    const phases = PHASES_OF[kind]
    const after = { ...body, phase: phases.prebuild, updatedAt: engine.now() }
    await engine.saveDocuments([
      putPrebuild(call, after, prebuild.version),
      putEnvironment(call, { ...environment.body, phase: phases.environment }, environment.version),
      putErrand({ kind, tenant, environment: body.environment, principal: caller.principal }),
    ])
    return after
  })
  if (!changed) return
  tell(call, changed, kind === 'delete' ? ResourceOperation.DELETE : ResourceOperation.UPDATE_STATUS)
  call.errands.begin(changed.environment)
}

export async function createPrebuildLogsToken(
  call: Call,
  { prebuildId }: wire.CreatePrebuildLogsTokenRequest,
): Promise<MessageInitShape<typeof wire.CreatePrebuildLogsTokenResponseSchema>> {
  const { body } = await findPrebuild(call, prebuildId)
  return { accessToken: call.auth.logsToken(call.tenant, body.environment) }
}
