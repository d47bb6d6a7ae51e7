import { allDocuments } from '../../kit/documents.ts'
import { needUser } from '../access.ts'
import { type Call, originOf } from '../call.ts'
import { COLLECTIONS, type ProjectRecord } from '../documents.ts'
import { notFound } from '../errors.ts'
import { organizationIdOf, VENDOR } from '../organization.ts'
import { presentProject, REGION } from '../project/present-project.ts'
import { userIdOf } from '../user-id.ts'
import { timestamp } from '../wire/timestamp.ts'

const EPOCH = timestamp(0)

/** GET /users/me, and the older /me. */
export function getUser(call: Call): object {
  const { id } = call.principal
  const user = userIdOf(call.principal)
  return {
    ...{ id: user, deactivated: false, namespace: 'taskport', username: id, email: `${id}@taskport.invalid` },
    ...{ email_verified: true, first_name: id, last_name: '', picture: '', company: '', website: '', country: '' },
    ...{ created_at: EPOCH, updated_at: EPOCH },
    _links: { self: { href: `/users/${user}` } },
  }
}

/** GET /me: what older clients read projects from. */
export async function getMe(call: Call): Promise<object> {
  needUser(call)
  const user = getUser(call) as Record<string, unknown>
  const projects = (await projectsOf(call)).map((p) => ({
    id: p.id,
    title: p.title,
    region: REGION,
    endpoint: `/projects/${p.id}`,
  }))
  return {
    ...user,
    uuid: user.id,
    display_name: user.username,
    mail: user.email,
    projects,
    organizations: [],
    ssh_keys: [],
    roles: [],
    teams: [],
  }
}

export function getUserById(call: Call, id: string): object {
  if (id !== userIdOf(call.principal)) throw notFound('user', id)
  return getUser(call)
}

export async function projectsOf(call: Call): Promise<readonly ProjectRecord[]> {
  const found = await allDocuments<ProjectRecord>(call.engine, call.tenant, COLLECTIONS.project, { ascending: true })
  return found.map(({ body }) => body)
}

/** GET /projects: the API's introduction shows it, its specification has it not. */
export async function listProjects(call: Call): Promise<object> {
  needUser(call)
  return (await projectsOf(call)).map((p) => presentProject(p, organizationIdOf(call.tenant), originOf(call)))
}

/** GET /users/{id}/extended-access: what `project:list` begins with. The projects themselves are references. */
export async function extendedAccess(call: Call): Promise<object> {
  needUser(call)
  const user = userIdOf(call.principal)
  const projects = await projectsOf(call)
  const organization = organizationIdOf(call.tenant)
  const items = projects.map((p) => ({
    user_id: user,
    resource_id: p.id,
    resource_type: 'project',
    organization_id: organization,
    permissions: ['admin'],
    granted_at: timestamp(p.createdAt),
    updated_at: timestamp(p.updatedAt),
  }))
  const ids = projects.map(({ id }) => encodeURIComponent(id)).join(',')
  return {
    items,
    _links: {
      self: { href: `/users/${user}/extended-access` },
      ...(ids !== '' && {
        'ref:projects:0': { href: `/ref/projects?in=${ids}` },
        'ref:organizations:0': { href: `/ref/organizations?in=${organization}` },
      }),
    },
  }
}

/** GET /ref/projects?in=…: projects by id. */
export async function refProjects(call: Call): Promise<object> {
  needUser(call)
  const wanted = new Set((call.query.get('in') ?? '').split(','))
  const found = (await projectsOf(call)).filter((p) => wanted.has(p.id))
  return Object.fromEntries(found.map((p) => [p.id, presentProjectReference(call, p)]))
}

export const presentProjectReference = (call: Call, p: ProjectRecord): object => ({
  ...{ id: p.id, title: p.title, region: REGION, organization_id: organizationIdOf(call.tenant), namespace: null },
  ...{ status: 'active', subscription_id: '0', type: 'grid', plan: 'flex', timezone: p.timezone, vendor: VENDOR },
  ...{ default_branch: p.defaultBranch, created_at: timestamp(p.createdAt), updated_at: timestamp(p.updatedAt) },
  endpoint: `/projects/${p.id}`,
})

export const emptyList = (): object => ({ items: [], count: 0, _links: {} })
