import { appPlaces } from '../app/app-places.ts'
import { findApp, findOfApp, ofApp, type PlacedApp, processesOf } from '../app/find-app.ts'
import { presentBuild } from '../app/present-app.ts'
import { copySecret, keyOfPackage, registrySecretOf } from '../app/remove-bits.ts'
import { type Build, COLLECTIONS, type Droplet, type Package } from '../documents.ts'
import { unprocessable } from '../errors.ts'
import { type Answer, type Call, created, type Operation, ok } from '../operation.ts'
import { procfileOf } from '../staging/procfile.ts'
import { startStaging } from '../staging/start-staging.ts'
import { answerList } from '../wire/answer-list.ts'
import { isObject, Problems } from '../wire/message.ts'
import { NO_METADATA } from '../wire/metadata.ts'
import { changeMetadata } from './change-metadata.ts'

const KNOWN = [
  'package',
  'lifecycle',
  'staging_memory_in_mb',
  'staging_disk_in_mb',
  'staging_log_rate_limit_bytes_per_second',
  'metadata',
]

async function create(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, KNOWN)
  const guid = isObject(body.package) ? body.package.guid : undefined
  if (typeof guid !== 'string' || guid === '') problems.add('Package guid must be a string')
  problems.check()
  const found = await findOfApp<Package>(call, COLLECTIONS.package, String(guid), 'Package').catch(() => {
    throw unprocessable('Unable to use package. Ensure that the package exists and you have access to it.')
  })
  await call.access.checkWriteSpace(found.place)
  if (found.body.state !== 'READY') throw unprocessable('Package must be READY')
  return created(presentBuild(await stage(call, found), call.base))
}

/** An image needs no staging; bits are unpacked by an execution, as the binary buildpack does. */
async function stage(call: Call, { app, body: from }: PlacedApp & { readonly body: Package }): Promise<Build> {
  const { records, caller, engine, context } = call
  const id = engine.newExecutionId()
  const isImage = from.type === 'docker'
  const archive = isImage ? undefined : await context.objects.path(caller.tenant, keyOfPackage(from.guid))
  const procfile = archive === undefined ? {} : await procfileOf(archive)
  const commands = (await processesOf(call, app.guid)).flatMap((p) => (p.command ? [[p.type, p.command]] : []))
  const fresh = records.fresh()
  if (from.username !== undefined) await copySecret(call, registrySecretOf(from.guid), registrySecretOf(fresh.guid))
  const droplet: Droplet = {
    ...fresh,
    app: app.guid,
    state: isImage ? 'STAGED' : 'PROCESSING_UPLOAD',
    ...(from.image !== undefined && { image: from.image }),
    ...(from.username !== undefined && { registrySecret: registrySecretOf(fresh.guid) }),
    package: from.guid,
    lifecycle: app.lifecycle,
    processTypes: { ...Object.fromEntries(commands), ...procfile },
    ...(from.sha256 !== undefined && { sha256: from.sha256 }),
    metadata: NO_METADATA,
  }
  const build: Build = {
    ...records.fresh(),
    app: app.guid,
    package: from.guid,
    state: isImage ? 'STAGED' : 'STAGING',
    ...(isImage ? { droplet: droplet.guid } : { execution: id }),
    createdBy: { guid: caller.id, name: caller.name },
    lifecycle: app.lifecycle,
    metadata: NO_METADATA,
  }
  const changes = [
    records.putOf(COLLECTIONS.droplet, droplet, ofApp(droplet)),
    records.putOf(COLLECTIONS.build, build, ofApp(build)),
  ]
  if (isImage) await records.save(...changes)
  else {
    const purpose = { droplet: droplet.guid, build: build.guid }
    await startStaging(
      call,
      { id, from: { key: keyOfPackage(from.guid) }, form: 'bits', app: app.guid, purpose },
      changes,
    )
  }
  return build
}

const find = (call: Call) => findOfApp<Build>(call, COLLECTIONS.build, call.param('guid'), 'Build')

async function list(call: Call, app?: string): Promise<Answer> {
  const places = await appPlaces(call)
  return answerList<Build>(call, {
    collection: COLLECTIONS.build,
    ...(app !== undefined && { index: { name: 'app', value: app } }),
    filters: { states: (b) => b.state, app_guids: (b) => b.app, package_guids: (b) => b.package },
    visible: (b) => places.has(b.app),
    present: (b) => presentBuild(b, call.base),
  })
}

export const BUILD_OPERATIONS: readonly Operation[] = [
  { method: 'POST', path: '/v3/builds', answer: create },
  {
    method: 'GET',
    path: '/v3/builds/:guid',
    answer: async (call) => ok(presentBuild((await find(call)).body, call.base)),
  },
  {
    method: 'PATCH',
    path: '/v3/builds/:guid',
    answer: async (call) =>
      changeMetadata(call, COLLECTIONS.build, 'Build', await find(call), (b) => presentBuild(b, call.base)),
  },
  { method: 'GET', path: '/v3/builds', answer: (call) => list(call) },
  {
    method: 'GET',
    path: '/v3/apps/:guid/builds',
    async answer(call) {
      const { app } = await findApp(call, call.param('guid'))
      return list(call, app.guid)
    },
  },
]
