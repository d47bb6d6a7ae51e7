import { whileDeleting } from '../access/being-deleted.ts'
import { COLLECTIONS, type Org, type Space } from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { defaultQuota } from '../foundation.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, type Operation, ok } from '../operation.ts'
import { head, hrefs, metadataOf, toOne } from '../present.ts'
import { answerList } from '../wire/answer-list.ts'
import { type Json, Problems } from '../wire/message.ts'
import { changedMetadata, NO_METADATA, parseMetadata } from '../wire/metadata.ts'
import { pageDocument } from '../wire/page-document.ts'
import { finishedJob } from './jobs.ts'
import { removeSpace } from './spaces.ts'

export const presentOrg = (org: Org, base: string): object => ({
  ...head(org),
  name: org.name,
  suspended: org.suspended,
  relationships: { quota: toOne(org.quota) },
  metadata: metadataOf(org.metadata),
  links: hrefs(base, {
    self: `/v3/organizations/${org.guid}`,
    domains: `/v3/organizations/${org.guid}/domains`,
    default_domain: `/v3/organizations/${org.guid}/domains/default`,
    ...(org.quota !== undefined && { quota: `/v3/organization_quotas/${org.quota}` }),
  }),
})

async function findOrg(call: Call): Promise<Org> {
  const org = await call.records.find<Org>(COLLECTIONS.org, call.param('guid'))
  if (!org || !(await call.access.canReadOrg(org.guid))) throw notFound('Organization')
  return org
}

/** A name as organisations and spaces have it. */
export function nameOf(body: Json, problems: Problems): string | undefined {
  const { name } = body
  if (name === undefined) return undefined
  if (typeof name !== 'string') problems.add('Name must be a string')
  else if (name.length < 1) problems.add('Name is too short (minimum is 1 character)')
  else if (name.length > 255) problems.add('Name is too long (maximum is 255 characters)')
  else if (/[\p{Cc}]/u.test(name)) problems.add('Name must not contain escaped characters')
  else return name
  return undefined
}

function checkSuspended({ suspended }: Json, problems: Problems): void {
  if (suspended !== undefined && typeof suspended !== 'boolean') problems.add('Suspended must be a boolean')
}

async function checkUnique(call: Call, name: string, own?: string): Promise<void> {
  const orgs = await call.records.all<Org>(COLLECTIONS.org)
  if (orgs.some((org) => org.guid !== own && org.name.toLowerCase() === name.toLowerCase()))
    throw unprocessable(`Organization '${name}' already exists.`)
}

async function create(call: Call): Promise<Answer> {
  call.access.checkAdmin()
  const body = call.body()
  const problems = new Problems(body, ['name', 'suspended', 'metadata'])
  checkSuspended(body, problems)
  const name = nameOf(body, problems)
  if (name === undefined && body.name === undefined) problems.add("Name can't be blank")
  const metadata = changedMetadata(NO_METADATA, parseMetadata(body.metadata, problems), problems)
  problems.check()
  await checkUnique(call, name!)
  const quota = await defaultQuota(call.records)
  const org: Org = {
    ...call.records.fresh(),
    name: name!,
    suspended: body.suspended === true,
    ...(quota && { quota: quota.guid }),
    metadata,
  }
  await call.records.save(call.records.putOf(COLLECTIONS.org, org))
  return created(presentOrg(org, call.base))
}

async function update(call: Call): Promise<Answer> {
  const before = await findOrg(call)
  if (!(await call.access.canManageOrg(before.guid))) throw notAuthorized()
  const body = call.body()
  const problems = new Problems(body, ['name', 'suspended', 'metadata'])
  checkSuspended(body, problems)
  const name = nameOf(body, problems)
  const change = parseMetadata(body.metadata, problems)
  changedMetadata(before.metadata, change, problems)
  problems.check()
  if (body.suspended !== undefined) call.access.checkAdmin()
  if (name !== undefined) await checkUnique(call, name, before.guid)
  const after = await call.records.change<Org>(
    COLLECTIONS.org,
    before.guid,
    (org) => ({
      ...org,
      ...(name !== undefined && { name }),
      ...(typeof body.suspended === 'boolean' && { suspended: body.suspended }),
      metadata: changedMetadata(org.metadata, change),
    }),
    () => ({}),
  )
  if (!after) throw notFound('Organization')
  return ok(presentOrg(after, call.base))
}

export const ORGANIZATION_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v3/organizations',
    answer: (call) =>
      answerList<Org>(call, {
        collection: COLLECTIONS.org,
        filters: { names: (org) => org.name },
        orders: { name: (org) => org.name },
        visible: (org) => call.access.canReadOrg(org.guid),
        present: (org) => presentOrg(org, call.base),
      }),
  },
  {
    method: 'GET',
    path: '/v3/organizations/:guid',
    answer: async (call) => ok(presentOrg(await findOrg(call), call.base)),
  },
  { method: 'POST', path: '/v3/organizations', answer: inTurn('organizations', create) },
  { method: 'PATCH', path: '/v3/organizations/:guid', answer: inTurn('organizations', update) },
  {
    method: 'DELETE',
    path: '/v3/organizations/:guid',
    async answer(call) {
      const org = await findOrg(call)
      call.access.checkAdmin()
      const spaces = await call.records.all<Space>(COLLECTIONS.space, { name: 'org', value: org.guid })
      await whileDeleting(call.caller.tenant, org.guid, async () => {
        for (const space of spaces) await removeSpace(call, space)
        await call.records.save(call.records.deleteOf(COLLECTIONS.org, org.guid))
      })
      return jobAt(call, await finishedJob(call, 'organization.delete'))
    },
  },
  {
    method: 'GET',
    path: '/v3/organizations/:guid/domains',
    async answer(call) {
      await findOrg(call)
      return ok(pageDocument(call.base + call.path, { page: 1, perPage: 50, repeated: [] }, 0, []))
    },
  },
  {
    method: 'GET',
    path: '/v3/organizations/:guid/relationships/default_isolation_segment',
    async answer(call) {
      await findOrg(call)
      return ok({ data: null, links: hrefs(call.base, { self: call.path }) })
    },
  },
  {
    method: 'GET',
    path: '/v3/organizations/:guid/domains/default',
    async answer(call) {
      await findOrg(call)
      throw notFound('Domain')
    },
  },
]
