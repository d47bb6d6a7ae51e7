import { applyManifest } from '../app/apply-manifest.ts'
import { created, jobAt, type Operation } from '../operation.ts'
import { finishedJob } from './jobs.ts'
import { findSpace } from './spaces.ts'

export const MANIFEST_OPERATIONS: readonly Operation[] = [
  {
    method: 'POST',
    path: '/v3/spaces/:guid/actions/apply_manifest',
    async answer(call) {
      const space = await findSpace(call, call.param('guid'))
      await call.access.checkWriteSpace({ space: space.guid, org: space.org })
      const { body } = call.request
      await applyManifest(call, space, body instanceof Buffer ? body.toString('utf8') : '')
      return jobAt(call, await finishedJob(call, 'space.apply_manifest'))
    },
  },
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
