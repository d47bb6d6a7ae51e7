import { applyManifest } from '../app/apply-manifest.ts'
import { boundServices } from '../app/bound-services.ts'
import { findApp, processesOf } from '../app/find-app.ts'
import { manifestOf } from '../app/manifest-of.ts'
import { COLLECTIONS, type Droplet } from '../documents.ts'
import { notAuthorized } from '../errors.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, jobAt, type Operation } from '../operation.ts'
import { finishedJob } from './jobs.ts'
import { findSpace } from './spaces.ts'

/** What `cf create-app-manifest` writes to a file. */
async function manifest(call: Call): Promise<Answer> {
  const { app, place } = await findApp(call, call.param('guid'))
  if (!(await call.access.canReadSecrets(place))) throw notAuthorized()
  const droplet = app.droplet && (await call.records.find<Droplet>(COLLECTIONS.droplet, app.droplet))
  const services = await boundServices(call, app.guid)
  return { status: 200, yaml: manifestOf(app, await processesOf(call, app.guid), services, droplet || undefined) }
}

async function apply(call: Call): Promise<Answer> {
  const space = await findSpace(call, call.param('guid'))
  await call.access.checkWriteSpace({ space: space.guid, org: space.org })
  const { body } = call.request
  await applyManifest(call, space, body instanceof Buffer ? body.toString('utf8') : '')
  return jobAt(call, await finishedJob(call, 'space.apply_manifest'))
}

export const MANIFEST_OPERATIONS: readonly Operation[] = [
  {
    method: 'POST',
    path: '/v3/spaces/:guid/actions/apply_manifest',
    answer: inTurn('apps', apply),
  },
  { method: 'GET', path: '/v3/apps/:guid/manifest', answer: manifest },
  // Only shown to the user before a push; what will change is not worked out here.
  {
    method: 'POST',
    path: '/v3/spaces/:guid/manifest_diff',
    async answer(call) {
      await findSpace(call, call.param('guid'))
      return created({ diff: [] })
    },
  },
]
