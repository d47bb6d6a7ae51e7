/** Projects: what environments and prebuilds are made from. */
import { create, type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import { durationMs } from '@bufbuild/protobuf/wkt'
import type { DocumentPut } from '../../../core/ports/store.ts'
import { changeAgain, put } from '../../kit/documents.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type ProjectRecord } from '../documents.ts'
import { findEnvironment } from '../environment/find-environment.ts'
import { contentOf } from '../environment/initializer.ts'
import { checkClass } from '../environment/present-environment.ts'
import { specOf, specToJson } from '../environment/spec-json.ts'
import { invalidArgument, unimplemented } from '../errors.ts'
import {
  type EnvironmentInitializer,
  EnvironmentInitializerSchema,
  EnvironmentSpecSchema,
} from '../gen/gitpod/v1/environment_pb.js'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import type * as wire from '../gen/gitpod/v1/project_pb.js'
import { ProjectPrebuildConfigurationSchema } from '../gen/gitpod/v1/project_pb.js'
import { prebuildsOf } from '../prebuild/find-prebuild.ts'
import { parseTimeout } from '../prebuild/parse-timeout.ts'
import { findProject } from '../project/find-project.ts'
import { presentProject } from '../project/present-project.ts'
import { filteredPage, pageOf } from '../wire/pagination.ts'
import { creatorOf } from '../wire/subject.ts'
import { filterValues, needInside, needText } from '../wire/validate.ts'
import { removePrebuild } from './prebuilds.ts'

/** What several methods answer. */
interface ProjectReply {
  readonly project: MessageInitShape<typeof wire.ProjectSchema>
}

export async function createProject(call: Call, request: wire.CreateProjectRequest): Promise<ProjectReply> {
  checkEnvironment(call, '')
  const prebuilds = parsePrebuilds(request.prebuildConfiguration)
  return insert(call, {
    name: needText('name', request.name),
    initializer: parseInitializer(call, request.initializer),
    ...(prebuilds !== undefined && { prebuilds }),
    automationsFilePath: needInside('automations_file_path', request.automationsFilePath),
    devcontainerFilePath: needInside('devcontainer_file_path', request.devcontainerFilePath),
    technicalDescription: request.technicalDescription,
  })
}

/** As the environment was asked for, not as it is now. */
export async function createProjectFromEnvironment(
  call: Call,
  { name, environmentId }: wire.CreateProjectFromEnvironmentRequest,
): Promise<ProjectReply> {
  checkEnvironment(call, '')
  const { body } = await findEnvironment(call, environmentId)
  const spec = specOf(body.spec)
  return insert(call, {
    name: needText('name', name),
    initializer: parseInitializer(call, spec.content?.initializer),
    automationsFilePath: spec.automationsFile?.automationsFilePath ?? '',
    devcontainerFilePath: spec.devcontainer?.devcontainerFilePath ?? '',
    technicalDescription: '',
  })
}

type Given = Omit<ProjectRecord, 'id' | 'creator' | 'createdAt' | 'updatedAt'>

async function insert(call: Call, given: Given): Promise<ProjectReply> {
  const now = call.engine.now()
  const id = call.engine.newExecutionId()
  const project = { ...given, id, creator: creatorOf(call.caller.principal), createdAt: now, updatedAt: now }
  await call.engine.saveDocuments([putProject(call, project, 0)])
  tell(call, id, ResourceOperation.CREATE)
  return { project: presentProject(project, call.tenant) }
}

const putProject = ({ tenant }: Call, project: ProjectRecord, expected: number): DocumentPut =>
  put(tenant, COLLECTIONS.project, project.id, project, { sort: project.id, expected })

const tell = (call: Call, id: string, operation: ResourceOperation): void =>
  call.hub.tell(call.tenant, '', operation, ResourceType.PROJECT, id)

/** What no environment could be made from is refused now. */
function parseInitializer(call: Call, initializer: EnvironmentInitializer | undefined): JsonValue {
  if (!initializer || initializer.specs.length === 0) throw invalidArgument('initializer: value is required')
  contentOf(
    call.options,
    specToJson(create(EnvironmentSpecSchema, { content: { initializer } })),
    'initializer.specs[0]',
  )
  return toJson(EnvironmentInitializerSchema, initializer)
}

function parsePrebuilds(configuration: wire.ProjectPrebuildConfiguration | undefined): JsonValue | undefined {
  if (!configuration) return undefined
  const field = 'prebuild_configuration'
  for (const id of configuration.environmentClassIds) checkClass(`${field}.environment_class_ids`, id)
  if (configuration.timeout && durationMs(configuration.timeout) > 0)
    parseTimeout(`${field}.timeout`, configuration.timeout)
  if (configuration.trigger?.trigger.case !== undefined)
    throw unimplemented(`${field}.trigger: prebuilds are started by CreatePrebuild only`)
  return toJson(ProjectPrebuildConfigurationSchema, configuration)
}

export async function getProject(
  call: Call,
  { projectId }: wire.GetProjectRequest,
): Promise<MessageInitShape<typeof wire.GetProjectResponseSchema>> {
  return { project: presentProject((await findProject(call, projectId)).body, call.tenant) }
}

/** In the order of creation. */
export async function listProjects(
  call: Call,
  { pagination, filter }: wire.ListProjectsRequest,
): Promise<MessageInitShape<typeof wire.ListProjectsResponseSchema>> {
  checkEnvironment(call, '')
  const ids = filterValues('filter.project_ids', filter?.projectIds ?? [])
  const words = (filter?.search ?? '').toLowerCase()
  const page = await filteredPage(
    pageOf(call.query, pagination),
    (p) => call.engine.documents<ProjectRecord>(call.tenant, COLLECTIONS.project, p),
    ({ body }) =>
      (ids.length === 0 || ids.includes(body.id)) &&
      (words === '' || `${body.id} ${body.name} ${JSON.stringify(body.initializer)}`.toLowerCase().includes(words)),
  )
  const projects = page.items.map(({ body }) => presentProject(body, call.tenant))
  return { pagination: { nextToken: page.next ?? '' }, projects }
}

export async function updateProject(
  call: Call,
  request: wire.UpdateProjectRequest,
): Promise<MessageInitShape<typeof wire.UpdateProjectResponseSchema>> {
  const changed = await changeAgain(async () => {
    const { body, version } = await findProject(call, request.projectId)
    const project = updated(call, body, request)
    await call.engine.saveDocuments([putProject(call, project, version)])
    return project
  })
  tell(call, changed.id, ResourceOperation.UPDATE)
  return { project: presentProject(changed, call.tenant) }
}

function updated(call: Call, project: ProjectRecord, request: wire.UpdateProjectRequest): ProjectRecord {
  const { name, initializer, automationsFilePath, devcontainerFilePath, technicalDescription } = request
  const prebuilds = parsePrebuilds(request.prebuildConfiguration)
  return {
    ...project,
    updatedAt: call.engine.now(),
    ...(name !== undefined && { name: needText('name', name) }),
    ...(initializer && { initializer: parseInitializer(call, initializer) }),
    ...(prebuilds !== undefined && { prebuilds }),
    ...(automationsFilePath !== undefined && {
      automationsFilePath: needInside('automations_file_path', automationsFilePath),
    }),
    ...(devcontainerFilePath !== undefined && {
      devcontainerFilePath: needInside('devcontainer_file_path', devcontainerFilePath),
    }),
    ...(technicalDescription !== undefined && { technicalDescription }),
  }
}

/** Its prebuilds go with it; environments that were made from it stay. */
export async function deleteProject(call: Call, { projectId }: wire.DeleteProjectRequest): Promise<object> {
  const { body: project } = await findProject(call, projectId)
  for (const { body } of await prebuildsOf(call, project.id)) await removePrebuild(call, body.id)
  const place = { tenant: call.tenant, collection: COLLECTIONS.project, key: project.id }
  await call.engine.saveDocuments([{ kind: 'document.delete', ...place }])
  tell(call, project.id, ResourceOperation.DELETE)
  return {}
}
