import { boundServices } from '../app/bound-services.ts'
import { environmentGroup } from '../app/environment-group.ts'
import { appIndexes, findApp, ofApp, orgOf, type PlacedApp, processesOf } from '../app/find-app.ts'
import {
  BUILDPACK_LIFECYCLE,
  buildpackProblem,
  DOCKER_LIFECYCLE,
  findByName,
  nameTaken,
  newApp,
  newProcess,
} from '../app/new-app.ts'
import { presentApp, presentDroplet } from '../app/present-app.ts'
import { removeApp } from '../app/remove-app.ts'
import { type App, COLLECTIONS, type Droplet, type Lifecycle, type Org, type Space } from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, type Operation, ok } from '../operation.ts'
import { hrefs, toOne } from '../present.ts'
import { refreshSeriesOf } from '../task/refresh-series.ts'
import { vcapApplication, vcapServices } from '../task/task-environment.ts'
import { answerList, referred } from '../wire/answer-list.ts'
import { answerOne, type Inclusion, type Inclusions } from '../wire/inclusion.ts'
import { dataGuid, isObject, type Json, Problems, relatedGuid } from '../wire/message.ts'
import { changedMetadata, NO_METADATA, parseMetadata } from '../wire/metadata.ts'
import { finishedJob } from './jobs.ts'
import { nameOf, presentOrg } from './organizations.ts'
import { changedVariables } from './settings.ts'
import { presentSpace } from './spaces.ts'

const KNOWN = ['name', 'relationships', 'lifecycle', 'environment_variables', 'metadata']

function lifecycleOf(body: Json, problems: Problems): Lifecycle | undefined {
  const { lifecycle } = body
  if (lifecycle === undefined) return undefined
  if (!isObject(lifecycle) || typeof lifecycle.type !== 'string')
    return void problems.add('Lifecycle must be an object') as undefined
  if (lifecycle.type === 'docker') return DOCKER_LIFECYCLE
  if (lifecycle.type !== 'buildpack') {
    problems.add(`Lifecycle type is not included in list: buildpack, docker`)
    return undefined
  }
  const data = isObject(lifecycle.data) ? lifecycle.data : {}
  const problem = buildpackProblem(data.buildpacks)
  if (problem) problems.add(problem)
  return { type: 'buildpack', data: { ...BUILDPACK_LIFECYCLE.data, ...data } }
}

async function create(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, KNOWN)
  const name = nameOf(body, problems)
  if (body.name === undefined) problems.add("Name can't be blank")
  const space = relatedGuid(body, 'space')
  if (space === undefined)
    problems.add('Relationships \'space\' must be structured like this: "space: {"data": {"guid": "valid-guid"}}"')
  const lifecycle = lifecycleOf(body, problems) ?? BUILDPACK_LIFECYCLE
  const metadata = changedMetadata(NO_METADATA, parseMetadata(body.metadata, problems), problems)
  problems.check()
  const found = await call.records.find<Space>(COLLECTIONS.space, space!)
  const place = found && { space: found.guid, org: found.org }
  if (!place || !(await call.access.canReadSpace(place)))
    throw unprocessable('Invalid space. Ensure that the space exists and you have access to it.')
  await call.access.checkWriteSpace(place)
  const env = changedVariables({}, body.environment_variables ?? {}, 'Environment variables')
  const { app, changes } = await newApp(call, found, { name: name!, lifecycle, env, metadata })
  await call.records.save(...changes)
  return created(presentApp(app, call.base))
}

async function update(call: Call): Promise<Answer> {
  const { app, place } = await findApp(call, call.param('guid'))
  await call.access.checkWriteSpace(place)
  const body = call.body()
  const problems = new Problems(body, ['name', 'lifecycle', 'metadata'])
  const name = nameOf(body, problems)
  const lifecycle = lifecycleOf(body, problems)
  const change = parseMetadata(body.metadata, problems)
  changedMetadata(app.metadata, change, problems)
  problems.check()
  const other = name === undefined ? undefined : await findByName(call, app.space, name)
  if (other && other.guid !== app.guid) throw nameTaken(other.name)
  return changed(call, app.guid, (a) => ({
    ...a,
    ...(name !== undefined && { name }),
    ...(lifecycle && { lifecycle }),
    metadata: changedMetadata(a.metadata, change),
  }))
}

async function changed(call: Call, guid: string, change: (app: App) => App): Promise<Answer> {
  const after = await call.records.change<App>(COLLECTIONS.app, guid, change, appIndexes)
  if (!after) throw notFound('App')
  await refreshSeriesOf(call, guid)
  return ok(presentApp(after, call.base))
}

/** Apps run no instances here; the state is remembered and shown. */
const act =
  (state: App['state']) =>
  async (call: Call): Promise<Answer> => {
    const { app, place } = await findApp(call, call.param('guid'))
    await call.access.checkManageApps(place)
    if (state === 'STARTED' && app.droplet === undefined)
      throw unprocessable('Assign a droplet before starting this app.')
    return changed(call, app.guid, (a) => ({ ...a, state }))
  }

async function assignDroplet(call: Call): Promise<Answer> {
  const { app, place } = await findApp(call, call.param('guid'))
  await call.access.checkWriteSpace(place)
  const guid = dataGuid(call.body())
  const droplet = guid === undefined ? undefined : await call.records.find<Droplet>(COLLECTIONS.droplet, guid)
  if (!droplet || droplet.app !== app.guid)
    throw unprocessable('Unable to assign current droplet. Ensure the droplet exists and belongs to this app.')
  if (droplet.state !== 'STAGED') throw unprocessable('droplet must be in staged state')
  await addProcesses(call, app.guid, droplet)
  await changed(call, app.guid, (a) => ({ ...a, droplet: droplet.guid }))
  return ok(currentDroplet(app.guid, droplet.guid, call.base))
}

/** What the droplet knows how to run, the app then has a process for: a template of tasks. */
async function addProcesses(call: Call, app: string, droplet: Droplet): Promise<void> {
  const known = new Set((await processesOf(call, app)).map(({ type }) => type))
  const types = Object.keys(droplet.processTypes).filter((type) => !known.has(type))
  const added = types.map((type) => newProcess(call, app, type))
  await call.records.save(...added.map((process) => call.records.putOf(COLLECTIONS.process, process, ofApp(process))))
}

const currentDroplet = (app: string, droplet: string, base: string): object => ({
  ...toOne(droplet),
  links: hrefs(base, {
    self: `/v3/apps/${app}/relationships/current_droplet`,
    related: `/v3/apps/${app}/droplets/current`,
  }),
})

async function dropletOf(call: Call): Promise<PlacedApp & { readonly droplet: Droplet }> {
  const placed = await findApp(call, call.param('guid'))
  const { app } = placed
  const droplet = app.droplet && (await call.records.find<Droplet>(COLLECTIONS.droplet, app.droplet))
  if (!droplet) throw notFound('Droplet')
  return { ...placed, droplet }
}

async function environment(call: Call): Promise<Answer> {
  const { app, space, place } = await findApp(call, call.param('guid'))
  if (!(await call.access.canReadSecrets(place))) throw notAuthorized()
  const org = await orgOf(call, space.org)
  const services = await boundServices(call, app.guid)
  return ok({
    staging_env_json: await environmentGroup(call, 'staging'),
    running_env_json: await environmentGroup(call, 'running'),
    environment_variables: app.env,
    system_env_json: { VCAP_SERVICES: vcapServices(services) },
    application_env_json: { VCAP_APPLICATION: vcapApplication({ app, space, org, api: call.base }) },
  })
}

const variables = (app: App, base: string): object => ({
  var: app.env,
  links: hrefs(base, { self: `/v3/apps/${app.guid}/environment_variables`, app: `/v3/apps/${app.guid}` }),
})

async function showVariables(call: Call): Promise<Answer> {
  const { app, place } = await findApp(call, call.param('guid'))
  if (!(await call.access.canReadSecrets(place))) throw notAuthorized()
  return ok(variables(app, call.base))
}

async function setVariables(call: Call): Promise<Answer> {
  const { app, place } = await findApp(call, call.param('guid'))
  await call.access.checkWriteSpace(place)
  const change = call.body().var
  changedVariables(app.env, change)
  const after = await call.records.change<App>(
    COLLECTIONS.app,
    app.guid,
    (a) => ({ ...a, env: changedVariables(a.env, change) }),
    appIndexes,
  )
  if (!after) throw notFound('App')
  await refreshSeriesOf(call, app.guid)
  return ok(variables(after, call.base))
}

async function remove(call: Call): Promise<Answer> {
  const placed = await findApp(call, call.param('guid'))
  await call.access.checkWriteSpace(placed.place)
  await removeApp(call, placed.app, placed)
  return jobAt(call, await finishedJob(call, 'app.delete'))
}

function appIncludes(call: Call): Inclusions<App> {
  const spacesOf = (apps: readonly App[]): Promise<readonly Space[]> =>
    referred<Space>(
      call,
      COLLECTIONS.space,
      apps.map((app) => app.space),
    )
  const organization: Inclusion<App> = {
    as: 'organizations',
    async of(apps) {
      const orgs = (await spacesOf(apps)).map((space) => space.org)
      return (await referred<Org>(call, COLLECTIONS.org, orgs)).map((org) => presentOrg(org, call.base))
    },
  }
  const space: Inclusion<App> = {
    as: 'spaces',
    of: async (apps) => (await spacesOf(apps)).map((one) => presentSpace(one, call.base)),
  }
  return { space, org: organization, 'space.organization': organization }
}

async function list(call: Call): Promise<Answer> {
  const spaces = new Map((await call.records.all<Space>(COLLECTIONS.space)).map((space) => [space.guid, space]))
  const orgOfApp = (app: App): string => spaces.get(app.space)?.org ?? ''
  return answerList<App>(call, {
    collection: COLLECTIONS.app,
    filters: {
      names: (app) => app.name,
      space_guids: (app) => app.space,
      organization_guids: orgOfApp,
      stacks: (app) => String(app.lifecycle.data.stack ?? ''),
      lifecycle_type: (app) => app.lifecycle.type,
    },
    orders: { name: (app) => app.name, state: (app) => app.state },
    includes: appIncludes(call),
    visible: (app) => call.access.canReadSpace({ space: app.space, org: orgOfApp(app) }),
    present: (app) => presentApp(app, call.base),
  })
}

export const APP_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/apps', answer: list },
  { method: 'POST', path: '/v3/apps', answer: inTurn('apps', create) },
  {
    method: 'GET',
    path: '/v3/apps/:guid',
    async answer(call) {
      const { app } = await findApp(call, call.param('guid'))
      return answerOne(call, app, appIncludes(call), (one) => presentApp(one, call.base))
    },
  },
  { method: 'PATCH', path: '/v3/apps/:guid', answer: inTurn('apps', update) },
  { method: 'DELETE', path: '/v3/apps/:guid', answer: remove },
  { method: 'POST', path: '/v3/apps/:guid/actions/start', answer: act('STARTED') },
  { method: 'POST', path: '/v3/apps/:guid/actions/restart', answer: act('STARTED') },
  { method: 'POST', path: '/v3/apps/:guid/actions/stop', answer: act('STOPPED') },
  { method: 'GET', path: '/v3/apps/:guid/env', answer: environment },
  { method: 'GET', path: '/v3/apps/:guid/environment_variables', answer: showVariables },
  { method: 'PATCH', path: '/v3/apps/:guid/environment_variables', answer: setVariables },
  { method: 'PATCH', path: '/v3/apps/:guid/relationships/current_droplet', answer: assignDroplet },
  {
    method: 'GET',
    path: '/v3/apps/:guid/relationships/current_droplet',
    async answer(call) {
      const { app, droplet } = await dropletOf(call)
      return ok(currentDroplet(app.guid, droplet.guid, call.base))
    },
  },
  {
    method: 'GET',
    path: '/v3/apps/:guid/droplets/current',
    async answer(call) {
      const { droplet, place } = await dropletOf(call)
      return ok(presentDroplet(droplet, call.base, await call.access.canReadSecrets(place)))
    },
  },
]
