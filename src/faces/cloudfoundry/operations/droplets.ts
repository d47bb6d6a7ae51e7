import { appPlaces, placeFilters } from '../app/app-places.ts'
import { findApp, findOfApp, ofApp } from '../app/find-app.ts'
import { presentDroplet } from '../app/present-app.ts'
import { copySecret, keyOfDroplet, registrySecretOf, removeBits } from '../app/remove-bits.ts'
import { type App, COLLECTIONS, type Droplet, type Job } from '../documents.ts'
import { notAuthorized, unprocessable } from '../errors.ts'
import { uploadInTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, type Operation, ok } from '../operation.ts'
import { startStaging } from '../staging/start-staging.ts'
import { answerList } from '../wire/answer-list.ts'
import { isObject, Problems, relatedGuid } from '../wire/message.ts'
import { NO_METADATA } from '../wire/metadata.ts'
import { receiveUpload } from '../wire/upload.ts'
import { redirectToBlob } from './blobs.ts'
import { changeMetadata } from './change-metadata.ts'
import { finishedJob } from './jobs.ts'

const find = (call: Call) => findOfApp<Droplet>(call, COLLECTIONS.droplet, call.param('guid'), 'Droplet')

async function create(call: Call): Promise<Answer> {
  const source = call.query.get('source_guid')
  if (source !== null) return copy(call, source)
  const body = call.body()
  const problems = new Problems(body, ['relationships', 'process_types'])
  const app = relatedGuid(body, 'app')
  if (app === undefined) problems.add("Relationships 'relationships' must include an app")
  const types = body.process_types
  if (types !== undefined && !isObject(types)) problems.add('Process types must be an object')
  problems.check()
  const placed = await findApp(call, app!).catch(() => {
    throw unprocessable(`App with guid "${app}" does not exist, or you do not have access to it.`)
  })
  await call.access.checkWriteSpace(placed.place)
  const made: Droplet = {
    ...call.records.fresh(),
    app: placed.app.guid,
    state: 'AWAITING_UPLOAD',
    lifecycle: placed.app.lifecycle,
    processTypes: Object.fromEntries(Object.entries(isObject(types) ? types : {}).map(([k, v]) => [k, String(v)])),
    metadata: NO_METADATA,
  }
  await call.records.save(call.records.putOf(COLLECTIONS.droplet, made, ofApp(made)))
  return created(presentDroplet(made, call.base, true))
}

/** `?source_guid=`: another droplet's tree for this app, made by an execution. */
async function copy(call: Call, source: string): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['relationships'])
  const app = relatedGuid(body, 'app')
  if (app === undefined) problems.add("Relationships 'relationships' must include an app")
  problems.check()
  const from = await findOfApp<Droplet>(call, COLLECTIONS.droplet, source, 'Source droplet')
  const placed = await findApp(call, app!)
  await call.access.checkWriteSpace(placed.place)
  if (from.body.state !== 'STAGED') throw unprocessable('source droplet is not staged')
  if (from.app.lifecycle.type !== placed.app.lifecycle.type)
    throw unprocessable('Target app and source droplet have different lifecycles')
  const { sha256: _archive, registrySecret: secret, ...rest } = from.body
  const isImage = from.body.image !== undefined
  const fresh = call.records.fresh()
  if (secret !== undefined) await copySecret(call, secret, registrySecretOf(fresh.guid))
  const made: Droplet = {
    ...rest,
    ...fresh,
    ...(secret !== undefined && { registrySecret: registrySecretOf(fresh.guid) }),
    app: placed.app.guid,
    state: isImage ? 'STAGED' : 'COPYING',
    metadata: NO_METADATA,
  }
  const change = call.records.putOf(COLLECTIONS.droplet, made, ofApp(made))
  const work = { from: { droplet: source }, form: 'tree', app: made.app, purpose: { droplet: made.guid } } as const
  await (isImage ? call.records.save(change) : startStaging(call, work, [change]))
  return created(presentDroplet(made, call.base, true))
}

async function download(call: Call): Promise<Answer> {
  const { body, place } = await find(call)
  if (!(await call.access.canReadSecrets(place))) throw notAuthorized()
  if (body.image !== undefined) throw unprocessable("Cannot download droplets with 'docker' lifecycle")
  if (body.state !== 'STAGED') throw unprocessable('Only staged droplets can be downloaded')
  return redirectToBlob(call, 'droplet', body.guid)
}

async function remove(call: Call): Promise<Answer> {
  const { body, place, app } = await find(call)
  await call.access.checkWriteSpace(place)
  if (app.droplet === body.guid)
    throw unprocessable("Cannot delete the droplet: it is the app's current droplet, and tasks run in it")
  await call.records.save(call.records.deleteOf(COLLECTIONS.droplet, body.guid))
  await removeBits(call, [body], [])
  return jobAt(call, await finishedJob(call, 'droplet.delete'))
}

async function upload(call: Call): Promise<Answer> {
  const { body: before, place } = await find(call)
  const { records } = call
  await call.access.checkWriteSpace(place)
  if (before.state !== 'AWAITING_UPLOAD')
    throw unprocessable('Droplet may be uploaded only once. Create a new droplet to upload bits.')
  const key = keyOfDroplet(before.guid)
  const facts = await receiveUpload(call, 'bits', key)
  if (!facts) throw unprocessable('A droplet tgz file must be uploaded as bits')
  const job: Job = {
    ...records.fresh(),
    operation: 'droplet.upload',
    state: 'PROCESSING',
    links: { droplets: `/v3/droplets/${before.guid}` },
  }
  const after: Droplet = { ...before, state: 'PROCESSING_UPLOAD', sha256: facts.sha256, updated: records.now() }
  await startStaging(
    call,
    { from: { key }, form: 'droplet', app: before.app, purpose: { droplet: before.guid, job: job.guid } },
    [records.putOf(COLLECTIONS.droplet, after, ofApp(after)), records.putOf(COLLECTIONS.job, job)],
  )
  return { ...jobAt(call, job.guid), body: presentDroplet(after, call.base, true) }
}

async function list(call: Call, app?: App): Promise<Answer> {
  const places = await appPlaces(call)
  // Of one app only.
  const current = app && call.query.get('current') === 'true'
  return answerList<Droplet>(call, {
    collection: COLLECTIONS.droplet,
    ...(app && { index: { name: 'app', value: app.guid } }),
    filters: { states: (d) => d.state, ...placeFilters(places) },
    ignored: app ? ['current'] : [],
    visible: (d) => places.has(d.app) && (!current || app.droplet === d.guid),
    present: async (d) => presentDroplet(d, call.base, await call.access.canReadSecrets(places.get(d.app)!)),
  })
}

export const DROPLET_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/droplets', answer: (call) => list(call) },
  { method: 'POST', path: '/v3/droplets', answer: create },
  {
    method: 'GET',
    path: '/v3/droplets/:guid',
    async answer(call) {
      const { body, place } = await find(call)
      return ok(presentDroplet(body, call.base, await call.access.canReadSecrets(place)))
    },
  },
  { method: 'POST', path: '/v3/droplets/:guid/upload', answer: uploadInTurn(upload), streams: true },
  {
    method: 'PATCH',
    path: '/v3/droplets/:guid',
    answer: async (call) =>
      changeMetadata(call, COLLECTIONS.droplet, 'Droplet', await find(call), (d) => presentDroplet(d, call.base, true)),
  },
  { method: 'DELETE', path: '/v3/droplets/:guid', answer: remove },
  { method: 'GET', path: '/v3/droplets/:guid/download', answer: download },
  {
    method: 'GET',
    path: '/v3/apps/:guid/droplets',
    async answer(call) {
      const { app } = await findApp(call, call.param('guid'))
      return list(call, app)
    },
  },
]
