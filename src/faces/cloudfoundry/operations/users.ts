import {
  COLLECTIONS,
  ORG_ROLES,
  type Org,
  type Role,
  type RoleType,
  SPACE_ROLES,
  type Space,
  type User,
} from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, type Operation, ok } from '../operation.ts'
import { head, hrefs, toOne } from '../present.ts'
import { answerList, referred } from '../wire/answer-list.ts'
import { answerOne, type Inclusions } from '../wire/inclusion.ts'
import { isObject, type Json, Problems, relatedGuid } from '../wire/message.ts'
import { finishedJob } from './jobs.ts'
import { presentOrg } from './organizations.ts'
import { presentSpace } from './spaces.ts'

const presentUser = (user: User, base: string): object => ({
  ...head(user),
  username: user.isClient ? null : user.username,
  presentation_name: user.username,
  origin: user.isClient ? null : user.origin,
  metadata: { labels: {}, annotations: {} },
  links: hrefs(base, { self: `/v3/users/${user.guid}` }),
})

const presentRole = (role: Role, base: string): object => ({
  ...head(role),
  type: role.type,
  relationships: {
    user: toOne(role.user),
    organization: toOne(role.space === undefined ? role.org : undefined),
    space: toOne(role.space),
  },
  links: hrefs(base, {
    self: `/v3/roles/${role.guid}`,
    user: `/v3/users/${role.user}`,
    ...(role.space === undefined
      ? { organization: `/v3/organizations/${role.org}` }
      : { space: `/v3/spaces/${role.space}` }),
  }),
})

async function createUser(call: Call): Promise<Answer> {
  call.access.checkAdmin()
  const body = call.body()
  const problems = new Problems(body, ['guid', 'username', 'origin', 'metadata'])
  const guid = problems.text(body, 'guid', 'Guid', 200)
  if (body.guid === undefined && body.username === undefined) problems.add("Guid can't be blank")
  problems.check()
  const users = await call.context.credentials.list({ tenant: call.caller.tenant, face: 'cloudfoundry' })
  const known = users.find((view) => view.principal === guid || (guid === undefined && view.name === body.username))
  if (guid === undefined && !known) throw unprocessable(`User '${String(body.username)}' does not exist.`)
  const id = guid ?? known!.principal
  if (await call.records.find(COLLECTIONS.user, id)) throw unprocessable(`User with guid '${id}' already exists.`)
  const user: User = { ...call.records.fresh(), guid: id, username: known?.name ?? id, origin: 'uaa' }
  await call.records.save(call.records.putOf(COLLECTIONS.user, user, { username: user.username }))
  return created(presentUser(user, call.base))
}

/** By guid, or by the name that UAA knows. */
async function userOf(call: Call, body: Json): Promise<User> {
  const guid = relatedGuid(body, 'user')
  if (guid !== undefined) {
    const user = await call.records.find<User>(COLLECTIONS.user, guid)
    if (user) return user
    throw unprocessable('Invalid user. Ensure that the user exists and you have access to it.')
  }
  const user = isObject(body.relationships) ? body.relationships.user : undefined
  const data = isObject(user) ? user.data : undefined
  const name = isObject(data) ? String(data.username) : ''
  const found = (await call.records.all<User>(COLLECTIONS.user)).find((u) => u.username === name && !u.isClient)
  if (!found) throw unprocessable(`No user exists with the username '${name}' and origin 'uaa'.`)
  return found
}

async function createRole(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['type', 'relationships'])
  const type = [...ORG_ROLES, ...SPACE_ROLES].find((name) => name === body.type)
  if (!type) problems.add(`Type must be one of the allowed types ${JSON.stringify([...ORG_ROLES, ...SPACE_ROLES])}`)
  problems.check()
  const where = await whereOf(call, type!, body)
  const user = await userOf(call, body)
  const all = await call.records.all<Role>(COLLECTIONS.role, { name: 'user', value: user.guid })
  if (all.some((role) => role.type === type && role.org === where.org && role.space === where.space))
    throw unprocessable(`User '${user.username}' already has '${type}' role in ${where.words}.`)
  if (where.space !== undefined && !all.some((role) => role.org === where.org && role.space === undefined))
    throw unprocessable(
      "Users cannot be assigned roles in a space if they do not have a role in that space's organization.",
    )
  const role: Role = {
    ...call.records.fresh(),
    type: type!,
    user: user.guid,
    org: where.org,
    ...(where.space !== undefined && { space: where.space }),
  }
  await call.records.save(call.records.putOf(COLLECTIONS.role, role, { user: user.guid, org: where.org }))
  return created(presentRole(role, call.base))
}

/** Where the role is, and whether the caller may give it. */
async function whereOf(
  call: Call,
  type: RoleType,
  body: Json,
): Promise<{ readonly org: string; readonly space?: string; readonly words: string }> {
  if ((ORG_ROLES as readonly string[]).includes(type)) {
    const org = relatedGuid(body, 'organization')
    const found = org === undefined ? undefined : await call.records.find<Space>(COLLECTIONS.org, org)
    if (!found || !(await call.access.canReadOrg(org!)))
      throw unprocessable('Invalid organization. Ensure that the organization exists and you have access to it.')
    if (!(await call.access.canManageOrg(org!))) throw notAuthorized()
    return { org: org!, words: `organization '${found.name}'` }
  }
  const guid = relatedGuid(body, 'space')
  const space = guid === undefined ? undefined : await call.records.find<Space>(COLLECTIONS.space, guid)
  const place = space && { space: space.guid, org: space.org }
  if (!space || !place || !(await call.access.canReadSpace(place)))
    throw unprocessable('Invalid space. Ensure that the space exists and you have access to it.')
  if (!(await call.access.canManageSpace(place))) throw notAuthorized()
  return { ...place, words: `space '${space.name}'` }
}

async function removeRole(call: Call): Promise<Answer> {
  const role = await call.records.find<Role>(COLLECTIONS.role, call.param('guid'))
  if (!role || !(await visibleRole(call, role))) throw notFound('Role')
  const may =
    role.space === undefined
      ? await call.access.canManageOrg(role.org)
      : await call.access.canManageSpace({ org: role.org, space: role.space })
  if (!may) throw notAuthorized()
  await checkNotNeeded(call, role)
  await call.records.save(call.records.deleteOf(COLLECTIONS.role, role.guid))
  return jobAt(call, await finishedJob(call, 'role.delete'))
}

/** Roles in spaces rest on the one in their organisation. */
async function checkNotNeeded({ records }: Call, { type, user, org }: Role): Promise<void> {
  if (type !== 'organization_user') return
  const all = await records.all<Role>(COLLECTIONS.role, { name: 'user', value: user })
  if (all.some((role) => role.org === org && role.space !== undefined))
    throw unprocessable('Cannot delete organization_user role while user has roles in spaces in that organization.')
}

const visibleRole = (call: Call, role: Role): Promise<boolean> =>
  role.space === undefined
    ? call.access.canReadOrg(role.org)
    : call.access.canReadSpace({ org: role.org, space: role.space })

const roleIncludes = (call: Call): Inclusions<Role> => ({
  user: {
    as: 'users',
    async of(roles) {
      const users = roles.map((role) => role.user)
      return (await referred<User>(call, COLLECTIONS.user, users)).map((user) => presentUser(user, call.base))
    },
  },
  organization: {
    as: 'organizations',
    async of(roles) {
      const orgs = roles.map((role) => (role.space === undefined ? role.org : undefined))
      return (await referred<Org>(call, COLLECTIONS.org, orgs)).map((org) => presentOrg(org, call.base))
    },
  },
  space: {
    as: 'spaces',
    async of(roles) {
      const spaces = roles.map((role) => role.space)
      return (await referred<Space>(call, COLLECTIONS.space, spaces)).map((space) => presentSpace(space, call.base))
    },
  },
})

function listUsers(call: Call): Promise<Answer> {
  const parts = call.query.get('partial_usernames')?.split(',')
  const isNamed = ({ username }: User): boolean => parts?.some((part) => username.includes(part)) ?? true
  return answerList<User>(call, {
    collection: COLLECTIONS.user,
    filters: { usernames: (u) => u.username, origins: (u) => u.origin },
    ignored: ['partial_usernames'],
    visible: (user) => isNamed(user) && (call.access.isGlobalReader || user.guid === call.caller.id),
    present: (user) => presentUser(user, call.base),
  })
}

export const USER_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v3/users',
    answer: listUsers,
  },
  { method: 'POST', path: '/v3/users', answer: inTurn('users', createUser) },
  {
    method: 'GET',
    path: '/v3/users/:guid',
    async answer(call) {
      const user = await call.records.find<User>(COLLECTIONS.user, call.param('guid'))
      if (!user || !(call.access.isGlobalReader || user.guid === call.caller.id)) throw notFound('User')
      return ok(presentUser(user, call.base))
    },
  },
  {
    method: 'DELETE',
    path: '/v3/users/:guid',
    async answer(call) {
      call.access.checkAdmin()
      const user = await call.records.find<User>(COLLECTIONS.user, call.param('guid'))
      if (!user) throw notFound('User')
      const roles = await call.records.all<Role>(COLLECTIONS.role, { name: 'user', value: user.guid })
      await call.records.save(
        ...roles.map((role) => call.records.deleteOf(COLLECTIONS.role, role.guid)),
        call.records.deleteOf(COLLECTIONS.user, user.guid),
      )
      return jobAt(call, await finishedJob(call, 'user.delete'))
    },
  },
  {
    method: 'GET',
    path: '/v3/roles',
    answer: (call) =>
      answerList<Role>(call, {
        collection: COLLECTIONS.role,
        filters: {
          types: (r) => r.type,
          user_guids: (r) => r.user,
          organization_guids: (r) => (r.space === undefined ? r.org : undefined),
          space_guids: (r) => r.space,
        },
        includes: roleIncludes(call),
        visible: (role) => visibleRole(call, role),
        present: (role) => presentRole(role, call.base),
      }),
  },
  { method: 'POST', path: '/v3/roles', answer: inTurn('roles', createRole) },
  {
    method: 'GET',
    path: '/v3/roles/:guid',
    async answer(call) {
      const role = await call.records.find<Role>(COLLECTIONS.role, call.param('guid'))
      if (!role || !(await visibleRole(call, role))) throw notFound('Role')
      return answerOne(call, role, roleIncludes(call), (one) => presentRole(one, call.base))
    },
  },
  { method: 'DELETE', path: '/v3/roles/:guid', answer: removeRole },
]
