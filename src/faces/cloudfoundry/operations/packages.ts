import { appPlaces, placeFilters } from '../app/app-places.ts'
import { findApp, findOfApp, ofApp } from '../app/find-app.ts'
import { presentDroplet, presentPackage } from '../app/present-app.ts'
import { copySecret, keyOfPackage, registrySecretOf, removeBits } from '../app/remove-bits.ts'
import { type App, COLLECTIONS, type Droplet, type Package } from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { uploadInTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, type Operation, ok } from '../operation.ts'
import { answerList } from '../wire/answer-list.ts'
import { isObject, Problems, relatedGuid } from '../wire/message.ts'
import { changedMetadata, NO_METADATA, parseMetadata } from '../wire/metadata.ts'
import { receiveUpload } from '../wire/upload.ts'
import { redirectToBlob } from './blobs.ts'
import { changeMetadata } from './change-metadata.ts'
import { finishedJob } from './jobs.ts'

const find = (call: Call) => findOfApp<Package>(call, COLLECTIONS.package, call.param('guid'), 'Package')

async function create(call: Call): Promise<Answer> {
  const source = call.query.get('source_guid')
  if (source !== null) return copy(call, source)
  const body = call.body()
  const problems = new Problems(body, ['type', 'data', 'relationships', 'metadata'])
  const { type } = body
  if (type !== 'bits' && type !== 'docker') problems.add("Type must be one of 'bits, docker'")
  const image = isObject(body.data) ? body.data.image : undefined
  if (type === 'docker' && (typeof image !== 'string' || image === '')) problems.add('Data Image required')
  const registry = registryOf(body.data, problems)
  const metadata = changedMetadata(NO_METADATA, parseMetadata(body.metadata, problems), problems)
  const app = relatedGuid(body, 'app')
  if (app === undefined) problems.add("Relationships 'relationships' must include an app")
  problems.check()
  const placed = await findApp(call, app!).catch(() => {
    throw unprocessable('App is invalid. Ensure it exists and you have access to it.')
  })
  await call.access.checkWriteSpace(placed.place)
  const made: Package = {
    ...call.records.fresh(),
    app: placed.app.guid,
    type: type as Package['type'],
    state: type === 'docker' ? 'READY' : 'AWAITING_UPLOAD',
    ...(type === 'docker' && { image: String(image), ...(registry && { username: registry.username }) }),
    metadata,
  }
  if (made.username !== undefined)
    await call.engine.setSecret(call.caller.tenant, registrySecretOf(made.guid), JSON.stringify(registry))
  await call.records.save(call.records.putOf(COLLECTIONS.package, made, ofApp(made)))
  return created(presentPackage(made, call.base))
}

interface Registry {
  readonly username: string
  readonly password: string
}

/** `cf push --docker-username`. */
function registryOf(data: unknown, problems: Problems): Registry | undefined {
  if (!isObject(data) || data.username === undefined || data.username === null) return undefined
  const { username, password } = data
  if (typeof username === 'string' && typeof password === 'string') return { username, password }
  return problems.instead('Data Username and password must be strings', undefined)
}

/** `?source_guid=`: the same bits, or image, for another app. */
async function copy(call: Call, source: string): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['relationships', 'metadata'])
  const app = relatedGuid(body, 'app')
  if (app === undefined) problems.add("Relationships 'relationships' must include an app")
  problems.check()
  const from = await findOfApp<Package>(call, COLLECTIONS.package, source, 'Package')
  const placed = await findApp(call, app!)
  await call.access.checkWriteSpace(from.place)
  await call.access.checkWriteSpace(placed.place)
  const made: Package = { ...from.body, ...call.records.fresh(), app: placed.app.guid, metadata: NO_METADATA }
  const { objects } = call.context
  const { tenant } = call.caller
  if (made.sha256 !== undefined)
    await objects.put(tenant, keyOfPackage(made.guid), await objects.read(tenant, keyOfPackage(source)))
  if (made.username !== undefined) await copySecret(call, registrySecretOf(source), registrySecretOf(made.guid))
  await call.records.save(call.records.putOf(COLLECTIONS.package, made, ofApp(made)))
  return created(presentPackage(made, call.base))
}

async function download(call: Call): Promise<Answer> {
  const { body, place } = await find(call)
  if (!(await call.access.canReadSecrets(place))) throw notAuthorized()
  if (body.type !== 'bits') throw unprocessable('Package type must be bits.')
  if (body.state !== 'READY') throw unprocessable('Package has no bits to download.')
  return redirectToBlob(call, 'package', body.guid)
}

async function upload(call: Call): Promise<Answer> {
  const { body: before, place } = await find(call)
  await call.access.checkWriteSpace(place)
  if (before.type !== 'bits') throw unprocessable('Package type must be bits.')
  if (before.state !== 'AWAITING_UPLOAD')
    throw unprocessable('Bits may be uploaded only once. Create a new package to upload different bits.')
  const facts = await receiveUpload(call, 'bits', keyOfPackage(before.guid))
  if (!facts) throw unprocessable('Upload must include either resources or bits')
  const after = await call.records.change<Package>(
    COLLECTIONS.package,
    before.guid,
    (p) => ({ ...p, state: 'READY', sha256: facts.sha256 }),
    ofApp,
  )
  if (!after) throw notFound('Package')
  return ok(presentPackage(after, call.base))
}

async function list(call: Call, app?: string): Promise<Answer> {
  const places = await appPlaces(call)
  return answerList<Package>(call, {
    collection: COLLECTIONS.package,
    ...(app !== undefined && { index: { name: 'app', value: app } }),
    filters: { states: (p) => p.state, types: (p) => p.type, ...placeFilters(places) },
    visible: (p) => places.has(p.app),
    present: (p) => presentPackage(p, call.base),
  })
}

/** Whether the caller may see what belongs to this app. */
export const readable = async (call: Call, app: string): Promise<boolean> => {
  if (call.access.isGlobalReader) return (await call.records.find<App>(COLLECTIONS.app, app)) !== undefined
  return findApp(call, app).then(
    () => true,
    () => false,
  )
}

export const PACKAGE_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/packages', answer: (call) => list(call) },
  { method: 'POST', path: '/v3/packages', answer: create },
  {
    method: 'GET',
    path: '/v3/packages/:guid',
    answer: async (call) => ok(presentPackage((await find(call)).body, call.base)),
  },
  { method: 'POST', path: '/v3/packages/:guid/upload', answer: uploadInTurn(upload), streams: true },
  { method: 'GET', path: '/v3/packages/:guid/download', answer: download },
  {
    method: 'PATCH',
    path: '/v3/packages/:guid',
    answer: async (call) =>
      changeMetadata(call, COLLECTIONS.package, 'Package', await find(call), (p) => presentPackage(p, call.base)),
  },
  {
    method: 'GET',
    path: '/v3/packages/:guid/droplets',
    async answer(call) {
      const { body, place } = await find(call)
      const shows = await call.access.canReadSecrets(place)
      return answerList<Droplet>(call, {
        collection: COLLECTIONS.droplet,
        index: { name: 'app', value: body.app },
        filters: { states: (d) => d.state },
        visible: (d) => d.package === body.guid,
        present: (d) => presentDroplet(d, call.base, shows),
      })
    },
  },
  {
    method: 'DELETE',
    path: '/v3/packages/:guid',
    async answer(call) {
      const { body, place } = await find(call)
      await call.access.checkWriteSpace(place)
      await call.records.save(call.records.deleteOf(COLLECTIONS.package, body.guid))
      await removeBits(call, [], [body])
      if (body.username !== undefined) await call.engine.removeSecret(call.caller.tenant, registrySecretOf(body.guid))
      return jobAt(call, await finishedJob(call, 'package.delete'))
    },
  },
  {
    method: 'GET',
    path: '/v3/apps/:guid/packages',
    async answer(call) {
      const { app } = await findApp(call, call.param('guid'))
      return list(call, app.guid)
    },
  },
  // Nothing is remembered by its checksum: everything is uploaded.
  { method: 'POST', path: '/v3/resource_matches', answer: async () => created({ resources: [] }) },
]
