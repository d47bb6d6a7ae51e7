import type { Deployment, EnvironmentRecord, ProjectRecord, VariableRecord } from '../documents.ts'
import { environmentPath } from '../environment/present-environment.ts'
import { presentCapabilities } from '../project/present-project.ts'
import { PROFILE_MEMORY_MB } from '../task/memory-of-task.ts'

/** `deployments/current` and `next` (reference §4). */
export function presentDeployment(
  id: string,
  project: ProjectRecord,
  environment: EnvironmentRecord,
  deployment: Deployment,
  own: readonly VariableRecord[],
): object {
  const path = environmentPath(project.id, environment.name)
  return {
    id,
    cluster_name: `${project.id}-${environment.machineName}`,
    project_info: {
      ...{ title: project.title, name: project.id, namespace: null, organization: null },
      ...{ capabilities: presentCapabilities(), settings: {} },
    },
    environment_info: {
      name: environment.name,
      status: 'active',
      is_main: environment.parent === null,
      is_production: environment.type === 'production',
      constraints: {},
      reference: `refs/heads/${environment.name}`,
      machine_name: environment.machineName,
      environment_type: environment.type,
      links: {},
    },
    deployment_target: 'local',
    vpn: null,
    http_access: { is_enabled: false, addresses: [], basic_auth: {} },
    enable_smtp: false,
    restrict_robots: true,
    // The project's as they were deployed, and before them the environment's.
    variables: [...new Map([...deployment.projectVariables, ...own].map((v) => [v.name, v])).values()].map(
      presentDeployedVariable,
    ),
    access: [],
    subscription: {},
    services: {},
    routes: {},
    webapps: {},
    workers: {},
    container_profiles: containerProfiles(),
    // Sizing alone, as the vendor's own (reference §4).
    tasks: Object.fromEntries(
      deployment.tasks.map(({ config, size }) => [config.name, { resources: { profile_size: size } }]),
    ),
    _links: { self: { href: `${path}/deployments/${id}` }, '#edit': { href: `${path}/deployments/next` } },
  }
}

const presentDeployedVariable = (v: VariableRecord): object => ({
  name: v.name,
  ...(v.value !== undefined && { value: v.value }),
  is_sensitive: v.isSensitive,
  is_json: v.isJson,
  visible_build: v.visibleBuild,
  visible_runtime: v.visibleRuntime,
})

const containerProfiles = (): object =>
  Object.fromEntries(
    Object.entries(PROFILE_MEMORY_MB).map(([profile, sizes]) => [
      profile,
      Object.fromEntries(
        Object.entries(sizes).map(([cpu, memory]) => [cpu, { cpu: Number(cpu), memory, cpu_type: 'shared' }]),
      ),
    ]),
  )
