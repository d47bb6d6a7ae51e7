import { allDocuments } from '../../kit/documents.ts'
import { needProject, needUser, needView } from '../access.ts'
import { type Call, originOf } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord, findEnvironment, findProject, keyOf } from '../documents.ts'
import { environmentPath, presentEnvironment } from '../environment/present-environment.ts'
import { organizationIdOf } from '../organization.ts'
import { presentCapabilities, presentProject } from '../project/present-project.ts'
import type { Params } from './operation.ts'

export async function getProject(call: Call, { project }: Params): Promise<object> {
  needProject(call, project)
  return presentProject(
    await findProject(call.engine, call.tenant, project),
    organizationIdOf(call.tenant),
    originOf(call),
  )
}

export async function getCapabilities(call: Call, { project }: Params): Promise<object> {
  needProject(call, project)
  await findProject(call.engine, call.tenant, project)
  return presentCapabilities()
}

/** There are none: this server fetches from nobody. The command line asks before it deletes an environment. */
export async function listIntegrations(call: Call, { project }: Params): Promise<object> {
  needUser(call)
  await findProject(call.engine, call.tenant, project)
  return []
}

export async function getSettings(call: Call, { project }: Params): Promise<object> {
  needProject(call, project)
  await findProject(call.engine, call.tenant, project)
  return { sizing_api_enabled: true, initialize: {}, product_name: 'Taskport', product_code: 'taskport' }
}

export async function listEnvironments(call: Call, { project }: Params): Promise<object> {
  needUser(call)
  await findProject(call.engine, call.tenant, project)
  const found = await allDocuments<EnvironmentRecord>(call.engine, call.tenant, COLLECTIONS.environment, {
    keyPrefix: `${keyOf(project)}/`,
    ascending: true,
  })
  return found.map(({ body }) => presentEnvironment(body))
}

export async function getEnvironment(call: Call, { project, environment }: Params): Promise<object> {
  needView(call, project, environment)
  await findProject(call.engine, call.tenant, project)
  return presentEnvironment(await findEnvironment(call.engine, call.tenant, project, environment))
}

export async function getEnvironmentSettings(call: Call, params: Params): Promise<object> {
  await getEnvironment(call, params)
  return { enable_manual_deployments: false, _links: { self: { href: `${pathOf(params)}/settings` } } }
}

const pathOf = ({ project, environment }: Params): string => environmentPath(project, environment)
