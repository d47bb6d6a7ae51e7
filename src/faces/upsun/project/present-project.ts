import type { ProjectRecord } from '../documents.ts'
import { timestamp } from '../wire/timestamp.ts'

export const REGION = 'taskport'

export const projectPath = (id: string): string => `/projects/${encodeURIComponent(id)}`

/** Where `git push` sends a tree of the project (git/git-routes.ts). */
const gitPath = (id: string): string => `${projectPath(id)}.git`

/** The Project object (reference §1.3). `origin`: what absolute addresses begin with. */
export function presentProject(project: ProjectRecord, organization: string, origin: string): object {
  const path = projectPath(project.id)
  return {
    id: project.id,
    created_at: timestamp(project.createdAt),
    updated_at: timestamp(project.updatedAt),
    attributes: {},
    title: project.title,
    description: '',
    owner: project.owner,
    namespace: null,
    organization,
    default_branch: project.defaultBranch,
    status: { code: 'provisioned', message: 'ok' },
    timezone: project.timezone,
    region: REGION,
    repository: { url: `${origin}${gitPath(project.id)}`, client_ssh_key: null },
    default_domain: null,
    subscription: {
      license_uri: '',
      storage: 0,
      included_users: 0,
      subscription_management_uri: '',
      restricted: false,
      suspended: false,
      user_licenses: 0,
    },
    maintenance: { next_maintenance: null },
    _links: {
      self: { href: path },
      '#edit': { href: path },
      environments: { href: `${path}/environments` },
      activities: { href: `${path}/activities` },
      capabilities: { href: `${path}/capabilities` },
      '#clear-build-cache': { href: `${path}/clear_build_cache` },
      '#variables': { href: `${path}/variables` },
      '#manage-variables': { href: `${path}/variables` },
    },
  }
}

export const presentCapabilities = (): object => ({
  _embedded: {},
  metrics: { max_range: '0h' },
  custom_domains: { enabled: false },
  source_operations: { enabled: false },
  runtime_operations: { enabled: false },
  outbound_firewall: { enabled: false },
  tasks: { enabled: true },
})
