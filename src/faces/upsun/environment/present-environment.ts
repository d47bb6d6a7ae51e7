import type { EnvironmentRecord } from '../documents.ts'
import { projectPath } from '../project/present-project.ts'
import { timestamp, timestampOrNull } from '../wire/timestamp.ts'

export const environmentPath = (project: string, name: string): string =>
  `${projectPath(project)}/environments/${encodeURIComponent(name)}`

/** The Environment object (reference §1.3). What this engine has no notion of is false, empty or null. */
export function presentEnvironment(environment: EnvironmentRecord): object {
  const { deployment } = environment
  const path = environmentPath(environment.project, environment.name)
  return {
    id: environment.name,
    created_at: timestamp(environment.createdAt),
    updated_at: timestamp(environment.updatedAt),
    name: environment.name,
    machine_name: environment.machineName,
    title: environment.title,
    attributes: {},
    type: environment.type,
    parent: environment.parent,
    default_domain: null,
    has_domains: false,
    clone_parent_on_create: false,
    deployment_target: 'local',
    is_pr: false,
    has_remote: false,
    status: deployment === undefined ? 'inactive' : 'active',
    http_access: { is_enabled: false, addresses: [], basic_auth: {} },
    enable_smtp: false,
    restrict_robots: true,
    edge_hostname: '',
    deployment_state: deployment === undefined ? null : stateOf(deployment.deployedAt),
    sizing: {
      services: {},
      webapps: {},
      workers: {},
      tasks: Object.fromEntries(
        (deployment?.tasks ?? []).map((t) => [t.config.name, { resources: { profile_size: t.size } }]),
      ),
    },
    resources_overrides: {},
    max_instance_count: null,
    last_active_at: timestampOrNull(deployment?.deployedAt),
    last_backup_at: null,
    project: environment.project,
    is_main: environment.parent === null,
    is_dirty: false,
    has_staged_activities: false,
    can_rolling_deploy: false,
    supports_rolling_deployments: false,
    has_code: deployment !== undefined,
    head_commit: deployment?.commit?.id ?? deployment?.treeId ?? null,
    merge_info: { commits_ahead: null, commits_behind: null, parent_ref: environment.parent },
    has_deployment: deployment !== undefined,
    supports_restrict_robots: false,
    _links: {
      self: { href: path },
      '#edit': { href: path },
      '#activities': { href: `${path}/activities` },
      '#variables': { href: `${path}/variables` },
      '#manage-variables': { href: `${path}/variables` },
      ...(deployment === undefined && environment.parent !== null && { '#delete': { href: path } }),
      ...(deployment !== undefined && { '#deactivate': { href: `${path}/deactivate` } }),
      '#redeploy': { href: `${path}/redeploy` },
      '#tasks': { href: `${path}/tasks` },
    },
  }
}

const stateOf = (deployedAt: number): object => ({
  last_state_update_successful: true,
  last_deployment_successful: true,
  last_deployment_failure_reason: null,
  last_deployment_commands: [],
  last_deployment_at: timestamp(deployedAt),
  last_autoscale_up_at: null,
  last_autoscale_down_at: null,
  last_maintenance_at: null,
  crons: { enabled: true, status: 'running' },
})
