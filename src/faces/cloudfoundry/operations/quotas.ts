/** Quotas of organisations and spaces: what tasks may take together. */
import { COLLECTIONS, type Org, type Quota, type Space } from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, noContent, type Operation, ok } from '../operation.ts'
import { head, hrefs } from '../present.ts'
import { answerList } from '../wire/answer-list.ts'
import { isObject, type Json, Problems, relatedGuid } from '../wire/message.ts'
import { finishedJob } from './jobs.ts'
import { nameOf } from './organizations.ts'

interface Kind {
  readonly collection: typeof COLLECTIONS.quota | typeof COLLECTIONS.spaceQuota
  readonly path: '/v3/organization_quotas' | '/v3/space_quotas'
  readonly thing: string
  /** What it is given to. */
  readonly owners: 'organizations' | 'spaces'
}

const ORG: Kind = {
  collection: COLLECTIONS.quota,
  path: '/v3/organization_quotas',
  thing: 'Organization quota',
  owners: 'organizations',
}
const SPACE: Kind = {
  collection: COLLECTIONS.spaceQuota,
  path: '/v3/space_quotas',
  thing: 'Space quota',
  owners: 'spaces',
}

type Owner = Org | Space

const ownersOf = async (call: Call, kind: Kind, quota: string): Promise<readonly Owner[]> => {
  const all: readonly Owner[] =
    kind === ORG ? await call.records.all<Org>(COLLECTIONS.org) : await call.records.all<Space>(COLLECTIONS.space)
  return all.filter((owner) => owner.quota === quota)
}

async function present(call: Call, kind: Kind, quota: Quota): Promise<object> {
  const owners = await ownersOf(call, kind, quota.guid)
  return {
    ...head(quota),
    name: quota.name,
    apps: {
      total_memory_in_mb: quota.totalMemory,
      per_process_memory_in_mb: quota.perProcessMemory,
      total_instances: quota.totalInstances,
      per_app_tasks: quota.perAppTasks,
      log_rate_limit_in_bytes_per_second: quota.logRate,
    },
    ...quota.rest,
    relationships: {
      ...(quota.org !== undefined && { organization: { data: { guid: quota.org } } }),
      [kind.owners]: { data: owners.map(({ guid }) => ({ guid })) },
    },
    links: hrefs(call.base, { self: `${kind.path}/${quota.guid}` }),
  }
}

interface Limits {
  readonly totalMemory: number | null
  readonly perProcessMemory: number | null
  readonly totalInstances: number | null
  readonly perAppTasks: number | null
  readonly logRate: number | null
}

const NO_LIMITS: Limits = {
  totalMemory: null,
  perProcessMemory: null,
  totalInstances: null,
  perAppTasks: null,
  logRate: null,
}

const FIELDS: readonly (readonly [keyof Limits, string, string])[] = [
  ['totalMemory', 'total_memory_in_mb', 'Total memory in mb'],
  ['perProcessMemory', 'per_process_memory_in_mb', 'Per process memory in mb'],
  ['totalInstances', 'total_instances', 'Total instances'],
  ['perAppTasks', 'per_app_tasks', 'Per app tasks'],
  ['logRate', 'log_rate_limit_in_bytes_per_second', 'Log rate limit in bytes per second'],
]

function limitsOf(before: Limits, body: Json, problems: Problems): Limits {
  const { apps } = body
  if (apps === undefined) return before
  if (!isObject(apps)) return problems.instead('Apps must be an object', before)
  const unknown = Object.keys(apps).filter((key) => !FIELDS.some(([, name]) => name === key))
  if (unknown.length > 0) problems.add(`Apps Unknown field(s): ${unknown.map((key) => `'${key}'`).join(', ')}`)
  const changed: Record<string, number | null> = {}
  for (const [key, name, label] of FIELDS) {
    if (!Object.hasOwn(apps, name)) continue
    changed[key] = problems.integer(apps, name, `Apps ${label}`, -1, '-1') ?? null
  }
  return { ...before, ...changed }
}

const REST = {
  services: { paid_services_allowed: true, total_service_instances: null, total_service_keys: null },
  routes: { total_routes: null, total_reserved_ports: null },
  domains: { total_domains: null },
}

/** What this foundation remembers and shows, and has nothing to count for. The CLI sends `{}` for what stays. */
const restOf = (kind: Kind, body: Json, before: Quota['rest']): Quota['rest'] =>
  Object.fromEntries(
    Object.entries(REST)
      .filter(([name]) => name !== 'domains' || kind === ORG)
      .map(([name, fresh]) => [name, { ...fresh, ...object(before[name]), ...object(body[name]) }]),
  )

const object = (value: unknown): Json => (isObject(value) ? value : {})

const mayManage = async (call: Call, kind: Kind, org: string | undefined): Promise<boolean> =>
  kind === ORG || org === undefined ? call.access.isAdmin : call.access.canManageOrg(org)

async function checkUnique(
  { records }: Call,
  kind: Kind,
  { guid, name, org }: { readonly guid?: string; readonly name: string; readonly org?: string | undefined },
): Promise<void> {
  const others = await records.all<Quota>(kind.collection)
  if (others.some((q) => q.guid !== guid && q.name === name && q.org === org))
    throw unprocessable(`${kind.thing} '${name}' already exists.`)
}

async function create(call: Call, kind: Kind): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['name', 'apps', 'services', 'routes', 'domains', 'relationships'])
  const name = nameOf(body, problems)
  if (body.name === undefined) problems.add("Name can't be blank")
  const limits = limitsOf(NO_LIMITS, body, problems)
  const org = kind === SPACE ? relatedGuid(body, 'organization') : undefined
  if (kind === SPACE && org === undefined) problems.add('Organization guid must be present')
  problems.check()
  if (!(await mayManage(call, kind, org))) throw notAuthorized()
  await checkUnique(call, kind, { name: name!, org })
  const quota: Quota = {
    ...call.records.fresh(),
    name: name!,
    ...(org !== undefined && { org }),
    ...limits,
    rest: restOf(kind, body, {}),
  }
  await call.records.save(call.records.putOf(kind.collection, quota))
  const related = isObject(body.relationships) ? body.relationships[kind.owners] : undefined
  if (related !== undefined) await give(call, kind, quota.guid, related)
  return created(await present(call, kind, quota))
}

async function find(call: Call, kind: Kind): Promise<Quota> {
  const quota = await call.records.find<Quota>(kind.collection, call.param('guid'))
  if (!quota || (quota.org !== undefined && !(await call.access.canReadOrg(quota.org)))) throw notFound(kind.thing)
  return quota
}

async function update(call: Call, kind: Kind): Promise<Answer> {
  const before = await find(call, kind)
  if (!(await mayManage(call, kind, before.org))) throw notAuthorized()
  const body = call.body()
  const problems = new Problems(body, ['name', 'apps', 'services', 'routes', 'domains'])
  const name = nameOf(body, problems)
  limitsOf(before, body, problems)
  problems.check()
  if (name !== undefined) await checkUnique(call, kind, { ...before, name })
  const change = (q: Quota): Quota => ({
    ...q,
    ...limitsOf(q, body, problems),
    ...(name !== undefined && { name }),
    rest: restOf(kind, body, q.rest),
  })
  const after = await call.records.change<Quota>(kind.collection, before.guid, change, () => ({}))
  if (!after) throw notFound(kind.thing)
  return ok(await present(call, kind, after))
}

/** `{"data":[{"guid"}]}`. */
async function give(call: Call, kind: Kind, quota: string, related: unknown): Promise<readonly string[]> {
  const data = isObject(related) && Array.isArray(related.data) ? related.data : []
  const guids = data.map((one: unknown) => (isObject(one) ? String(one.guid) : ''))
  for (const guid of guids) {
    const set = kind === ORG ? setOrgQuota(call, guid, quota) : setSpaceQuota(call, guid, quota)
    if (!(await set))
      throw unprocessable(`${kind === ORG ? 'Organizations' : 'Spaces'} with guids ["${guid}"] do not exist.`)
  }
  return guids
}

const withQuota = <Body extends Owner>(body: Body, quota: string | undefined): Body => {
  const { quota: _former, ...rest } = body
  return { ...rest, ...(quota !== undefined && { quota }) } as Body
}

const setOrgQuota = (call: Call, guid: string, quota: string | undefined): Promise<Org | undefined> =>
  call.records.change<Org>(
    COLLECTIONS.org,
    guid,
    (org) => withQuota(org, quota),
    () => ({}),
  )

const setSpaceQuota = (call: Call, guid: string, quota: string | undefined): Promise<Space | undefined> =>
  call.records.change<Space>(
    COLLECTIONS.space,
    guid,
    (s) => withQuota(s, quota),
    (s) => ({ org: s.org }),
  )

/** An organisation's quotas are those given to it, a space quota's organisation is the one that has it. */
async function list(call: Call, kind: Kind): Promise<Answer> {
  const orgs = kind === ORG ? await call.records.all<Org>(COLLECTIONS.org) : []
  const spaces = kind === SPACE ? await call.records.all<Space>(COLLECTIONS.space) : []
  const givenTo =
    (owners: readonly Owner[]) =>
    (quota: Quota): readonly string[] =>
      owners.filter((owner) => owner.quota === quota.guid).map(({ guid }) => guid)
  return answerList<Quota>(call, {
    collection: kind.collection,
    filters: {
      names: (q) => q.name,
      organization_guids: kind === ORG ? givenTo(orgs) : (q) => q.org,
      ...(kind === SPACE && { space_guids: givenTo(spaces) }),
    },
    orders: { name: (q) => q.name },
    visible: async (q) => q.org === undefined || call.access.canReadOrg(q.org),
    present: (q) => present(call, kind, q),
  })
}

const operationsOf = (kind: Kind): readonly Operation[] => [
  { method: 'GET', path: kind.path, answer: (call) => list(call, kind) },
  { method: 'POST', path: kind.path, answer: inTurn('quotas', (call) => create(call, kind)) },
  {
    method: 'GET',
    path: `${kind.path}/:guid`,
    answer: async (call) => ok(await present(call, kind, await find(call, kind))),
  },
  { method: 'PATCH', path: `${kind.path}/:guid`, answer: inTurn('quotas', (call) => update(call, kind)) },
  {
    method: 'DELETE',
    path: `${kind.path}/:guid`,
    async answer(call) {
      const quota = await find(call, kind)
      if (!(await mayManage(call, kind, quota.org))) throw notAuthorized()
      for (const { guid } of await ownersOf(call, kind, quota.guid))
        await (kind === ORG ? setOrgQuota(call, guid, undefined) : setSpaceQuota(call, guid, undefined))
      await call.records.save(call.records.deleteOf(kind.collection, quota.guid))
      return jobAt(call, await finishedJob(call, 'quota.delete'))
    },
  },
  {
    method: 'POST',
    path: `${kind.path}/:guid/relationships/${kind.owners}`,
    async answer(call) {
      const quota = await find(call, kind)
      if (!(await mayManage(call, kind, quota.org))) throw notAuthorized()
      await give(call, kind, quota.guid, call.body())
      const owners = await ownersOf(call, kind, quota.guid)
      return ok({ data: owners.map(({ guid }) => ({ guid })), links: hrefs(call.base, { self: call.path }) })
    },
  },
]

const removeFromSpace: Operation = {
  method: 'DELETE',
  path: '/v3/space_quotas/:guid/relationships/spaces/:space',
  async answer(call) {
    const quota = await find(call, SPACE)
    if (!(await mayManage(call, SPACE, quota.org))) throw notAuthorized()
    await setSpaceQuota(call, call.param('space'), undefined)
    return noContent()
  },
}

export const QUOTA_OPERATIONS: readonly Operation[] = [...operationsOf(ORG), ...operationsOf(SPACE), removeFromSpace]
