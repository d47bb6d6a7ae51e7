import type { Place } from '../access/access.ts'
import { whileDeleting } from '../access/being-deleted.ts'
import { removeApp } from '../app/remove-app.ts'
import { type App, COLLECTIONS, type Org, type Role, type ServiceInstance, type Space } from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, type Operation, ok } from '../operation.ts'
import { head, hrefs, metadataOf, toOne } from '../present.ts'
import { answerList, referred } from '../wire/answer-list.ts'
import { answerOne, type Inclusion, type Inclusions } from '../wire/inclusion.ts'
import { Problems, relatedGuid } from '../wire/message.ts'
import { changedMetadata, NO_METADATA, parseMetadata } from '../wire/metadata.ts'
import { finishedJob } from './jobs.ts'
import { nameOf, presentOrg } from './organizations.ts'

const placeOf = (space: Space): Place => ({ space: space.guid, org: space.org })
const indexes = (space: Space): Readonly<Record<string, string>> => ({ org: space.org })

export const presentSpace = (space: Space, base: string): object => ({
  ...head(space),
  name: space.name,
  relationships: { organization: toOne(space.org), quota: toOne(space.quota) },
  metadata: metadataOf(space.metadata),
  links: {
    ...hrefs(base, {
      self: `/v3/spaces/${space.guid}`,
      organization: `/v3/organizations/${space.org}`,
      features: `/v3/spaces/${space.guid}/features`,
    }),
    apply_manifest: { href: `${base}/v3/spaces/${space.guid}/actions/apply_manifest`, method: 'POST' },
  },
})

/** A space that the caller may see. Throws `Space not found`. */
export async function findSpace(call: Call, guid: string): Promise<Space> {
  const space = await call.records.find<Space>(COLLECTIONS.space, guid)
  if (!space || !(await call.access.canReadSpace(placeOf(space)))) throw notFound('Space')
  return space
}

async function checkUnique(call: Call, org: string, name: string, own?: string): Promise<void> {
  const spaces = await call.records.all<Space>(COLLECTIONS.space, { name: 'org', value: org })
  if (spaces.some((space) => space.guid !== own && space.name.toLowerCase() === name.toLowerCase())) {
    const { name: orgName } = (await call.records.find<Org>(COLLECTIONS.org, org))!
    throw unprocessable(`Name must be unique per organization: space '${name}' exists in '${orgName}'`)
  }
}

/** With everything in it; running tasks are cancelled. */
export const removeSpace = (call: Call, space: Space): Promise<void> =>
  whileDeleting(call.caller.tenant, space.guid, () => removeContents(call, space))

async function removeContents(call: Call, space: Space): Promise<void> {
  const { records } = call
  for (const app of await records.all<App>(COLLECTIONS.app, { name: 'space', value: space.guid }))
    await removeApp(call, app)
  const services = await records.all<ServiceInstance>(COLLECTIONS.service, { name: 'space', value: space.guid })
  const roles = (await records.all<Role>(COLLECTIONS.role)).filter((role) => role.space === space.guid)
  await records.save(
    ...services.map((s) => records.deleteOf(COLLECTIONS.service, s.guid)),
    ...roles.map((r) => records.deleteOf(COLLECTIONS.role, r.guid)),
    records.deleteOf(COLLECTIONS.space, space.guid),
  )
}

function spaceIncludes(call: Call): Inclusions<Space> {
  const organization: Inclusion<Space> = {
    as: 'organizations',
    async of(spaces) {
      const orgs = spaces.map((space) => space.org)
      return (await referred<Org>(call, COLLECTIONS.org, orgs)).map((org) => presentOrg(org, call.base))
    },
  }
  return { org: organization, organization }
}

async function create(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['name', 'relationships', 'metadata'])
  const name = nameOf(body, problems)
  if (body.name === undefined) problems.add("Name can't be blank")
  const org = relatedGuid(body, 'organization')
  if (org === undefined)
    problems.add(
      'Relationships \'organization\' must be structured like this: "organization: {"data": {"guid": "valid-guid"}}"',
    )
  const metadata = changedMetadata(NO_METADATA, parseMetadata(body.metadata, problems), problems)
  problems.check()
  if (!(await call.records.find(COLLECTIONS.org, org!)) || !(await call.access.canReadOrg(org!)))
    throw unprocessable('Invalid organization. Ensure the organization exists and you have access to it.')
  if (!(await call.access.canManageOrg(org!))) throw notAuthorized()
  await checkUnique(call, org!, name!)
  const space: Space = { ...call.records.fresh(), name: name!, org: org!, metadata }
  await call.records.save(call.records.putOf(COLLECTIONS.space, space, indexes(space)))
  return created(presentSpace(space, call.base))
}

async function update(call: Call): Promise<Answer> {
  const before = await findSpace(call, call.param('guid'))
  if (!(await call.access.canManageSpace(placeOf(before)))) throw notAuthorized()
  const body = call.body()
  const problems = new Problems(body, ['name', 'metadata'])
  const name = nameOf(body, problems)
  const change = parseMetadata(body.metadata, problems)
  changedMetadata(before.metadata, change, problems)
  problems.check()
  if (name !== undefined) await checkUnique(call, before.org, name, before.guid)
  const after = await call.records.change<Space>(
    COLLECTIONS.space,
    before.guid,
    (s) => ({ ...s, ...(name !== undefined && { name }), metadata: changedMetadata(s.metadata, change) }),
    indexes,
  )
  if (!after) throw notFound('Space')
  return ok(presentSpace(after, call.base))
}

export const SPACE_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v3/spaces',
    answer: (call) =>
      answerList<Space>(call, {
        collection: COLLECTIONS.space,
        filters: { names: (s) => s.name, organization_guids: (s) => s.org },
        orders: { name: (s) => s.name },
        includes: spaceIncludes(call),
        visible: (space) => call.access.canReadSpace(placeOf(space)),
        present: (space) => presentSpace(space, call.base),
      }),
  },
  {
    method: 'GET',
    path: '/v3/spaces/:guid',
    async answer(call) {
      const space = await findSpace(call, call.param('guid'))
      return answerOne(call, space, spaceIncludes(call), (one) => presentSpace(one, call.base))
    },
  },
  { method: 'POST', path: '/v3/spaces', answer: inTurn('spaces', create) },
  { method: 'PATCH', path: '/v3/spaces/:guid', answer: inTurn('spaces', update) },
  {
    method: 'DELETE',
    path: '/v3/spaces/:guid',
    async answer(call) {
      const space = await findSpace(call, call.param('guid'))
      if (!(await call.access.canManageOrg(space.org))) throw notAuthorized()
      await removeSpace(call, space)
      return jobAt(call, await finishedJob(call, 'space.delete'))
    },
  },
]
