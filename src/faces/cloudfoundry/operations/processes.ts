import { type AppPlace, appPlaces, placeFilters } from '../app/app-places.ts'
import { findApp, findOfApp, ofApp, type PlacedApp, processesOf } from '../app/find-app.ts'
import { presentProcess } from '../app/present-app.ts'
import { COLLECTIONS, type Droplet, type Process } from '../documents.ts'
import { notFound } from '../errors.ts'
import { type Answer, accepted, type Call, type Operation, ok } from '../operation.ts'
import { answerList } from '../wire/answer-list.ts'
import { isObject, Problems } from '../wire/message.ts'
import { changedMetadata, parseMetadata } from '../wire/metadata.ts'
import { pageDocument } from '../wire/page-document.ts'

const KNOWN = ['type', 'command', 'user', 'health_check', 'readiness_health_check', 'metadata']
const SCALE = ['instances', 'memory_in_mb', 'disk_in_mb', 'log_rate_limit_in_bytes_per_second']

const find = (call: Call): Promise<PlacedApp & { readonly body: Process }> =>
  findOfApp<Process>(call, COLLECTIONS.process, call.param('guid'), 'Process')

async function findByType(call: Call): Promise<PlacedApp & { readonly body: Process }> {
  const placed = await findApp(call, call.param('guid'))
  const body = (await processesOf(call, placed.app.guid)).find(({ type }) => type === call.param('type'))
  if (!body) throw notFound('Process')
  return { ...placed, body }
}

async function show(call: Call, process: Process, { app, ...place }: AppPlace): Promise<object> {
  const droplet = app.droplet && (await call.records.find<Droplet>(COLLECTIONS.droplet, app.droplet))
  return presentProcess(process, droplet || undefined, call.base, await call.access.canReadSecrets(place))
}

const showFound = (call: Call, { app, place, body }: PlacedApp & { readonly body: Process }): Promise<object> =>
  show(call, body, { app, ...place })

async function list(call: Call, app?: string): Promise<Answer> {
  const places = await appPlaces(call)
  return answerList<Process>(call, {
    collection: COLLECTIONS.process,
    ...(app !== undefined && { index: { name: 'app', value: app } }),
    filters: { types: (p) => p.type, ...placeFilters(places) },
    ignored: ['embed'],
    visible: (p) => places.has(p.app),
    present: (p) => show(call, p, places.get(p.app)!),
  })
}

async function update(call: Call): Promise<Answer> {
  const found = await find(call)
  await call.access.checkWriteSpace(found.place)
  const body = call.body()
  const problems = new Problems(body, KNOWN)
  if (body.command !== undefined && body.command !== null && typeof body.command !== 'string')
    problems.add('Command must be a string')
  else if (typeof body.command === 'string' && body.command.length < 1)
    problems.add('Command must be between 1 and 4096 characters')
  const change = parseMetadata(body.metadata, problems)
  changedMetadata(found.body.metadata, change, problems)
  problems.check()
  return changed(call, found, (p) => {
    const { command: _former, ...rest } = p
    const command = body.command === undefined ? p.command : ((body.command ?? undefined) as string | undefined)
    return {
      ...rest,
      ...(command !== undefined && { command }),
      ...(typeof body.user === 'string' && { user: body.user }),
      ...(isObject(body.health_check) && { healthCheck: body.health_check }),
      metadata: changedMetadata(p.metadata, change),
    }
  })
}

async function scale(call: Call, found: PlacedApp & { readonly body: Process }): Promise<Answer> {
  await call.access.checkManageApps(found.place)
  const body = call.body()
  const problems = new Problems(body, SCALE)
  const instances = problems.integer(body, 'instances', 'Instances', -1, '-1')
  const memory = problems.integer(body, 'memory_in_mb', 'Memory in mb', 0, '0')
  const disk = problems.integer(body, 'disk_in_mb', 'Disk in mb', 0, '0')
  const logRate = problems.integer(
    body,
    'log_rate_limit_in_bytes_per_second',
    'Log rate limit in bytes per second',
    -2,
    '-2',
  )
  problems.check()
  const answer = await changed(call, found, (p) => ({
    ...p,
    ...(instances !== undefined && { instances }),
    ...(memory !== undefined && { memory }),
    ...(disk !== undefined && { disk }),
    ...(logRate !== undefined && { logRate }),
  }))
  return accepted(answer.body!)
}

async function changed(
  call: Call,
  found: PlacedApp & { readonly body: Process },
  change: (process: Process) => Process,
): Promise<Answer> {
  const after = await call.records.change<Process>(COLLECTIONS.process, found.body.guid, change, ofApp)
  if (!after) throw notFound('Process')
  return ok(await showFound(call, { ...found, body: after }))
}

/** A list that has nothing in it here: apps run no instances and have no sidecars. */
const none = (call: Call): Answer =>
  ok(pageDocument(call.base + call.path, { page: 1, perPage: 50, repeated: [] }, 0, []))

export const PROCESS_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/processes', answer: (call) => list(call) },
  { method: 'GET', path: '/v3/processes/:guid', answer: async (call) => ok(await showFound(call, await find(call))) },
  { method: 'PATCH', path: '/v3/processes/:guid', answer: update },
  { method: 'POST', path: '/v3/processes/:guid/actions/scale', answer: async (call) => scale(call, await find(call)) },
  {
    method: 'GET',
    path: '/v3/processes/:guid/stats',
    async answer(call) {
      await find(call)
      return ok({ resources: [] })
    },
  },
  {
    method: 'GET',
    path: '/v3/processes/:guid/sidecars',
    async answer(call) {
      await find(call)
      return none(call)
    },
  },
  {
    method: 'GET',
    path: '/v3/apps/:guid/processes',
    async answer(call) {
      const { app } = await findApp(call, call.param('guid'))
      return list(call, app.guid)
    },
  },
  {
    method: 'GET',
    path: '/v3/apps/:guid/processes/:type',
    answer: async (call) => ok(await showFound(call, await findByType(call))),
  },
  {
    method: 'POST',
    path: '/v3/apps/:guid/processes/:type/actions/scale',
    answer: async (call) => scale(call, await findByType(call)),
  },
  {
    method: 'GET',
    path: '/v3/apps/:guid/processes/:type/stats',
    async answer(call) {
      await findByType(call)
      return ok({ resources: [] })
    },
  },
]
