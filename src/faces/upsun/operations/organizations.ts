import { needUser } from '../access.ts'
import type { Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { organizationIdOf, VENDOR } from '../organization.ts'
import { userIdOf } from '../user-id.ts'
import { timestamp } from '../wire/timestamp.ts'
import type { Params } from './operation.ts'
import { presentProjectReference, projectsOf } from './users.ts'

export function listOrganizations(call: Call): object {
  needUser(call)
  return { items: [presentOrganization(call)], count: 1, _links: { self: { href: '/organizations' } } }
}

export function getOrganization(call: Call, { id }: Params): object {
  needOrganization(call, id)
  return presentOrganization(call)
}

/** GET /organizations/{id}/projects. */
export async function organizationProjects(call: Call, { id }: Params): Promise<object> {
  needOrganization(call, id)
  const items = (await projectsOf(call)).map((project) => presentProjectReference(call, project))
  return { items, count: items.length, _links: { self: { href: `/organizations/${id}/projects` } } }
}

/** GET /ref/organizations?in=…: organizations by id. */
export function refOrganizations(call: Call): object {
  needUser(call)
  const id = organizationIdOf(call.tenant)
  return (call.query.get('in') ?? '').split(',').includes(id) ? { [id]: presentOrganization(call) } : {}
}

function needOrganization(call: Call, id: string): void {
  needUser(call)
  if (id !== organizationIdOf(call.tenant) && id !== 'name=taskport') throw notFound('organization', id)
}

function presentOrganization(call: Call): object {
  const id = organizationIdOf(call.tenant)
  return {
    ...{ id, type: 'flexible', owner_id: userIdOf(call.principal), namespace: VENDOR, name: 'taskport' },
    ...{ label: 'Taskport', country: '', capabilities: [], vendor: VENDOR, status: 'active' },
    ...{ created_at: timestamp(0), updated_at: timestamp(0) },
    _links: { self: { href: `/organizations/${id}` }, projects: { href: `/organizations/${id}/projects` } },
  }
}
