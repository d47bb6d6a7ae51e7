import { join } from 'node:path'
import { findAsset } from '../asset/find-asset.ts'
import { LivepeerError, notImplemented } from '../errors.ts'
import { created, type Operation } from '../operation.ts'
import { presentTask } from '../task/present-task.ts'
import { checkQueue, newTaskId, startTask } from '../task/start-task.ts'
import type { TaskRecord } from '../task/task-record.ts'
import { bodyOf } from '../wire/check-body.ts'
import { Export } from '../wire/schemas.ts'

const read = bodyOf(Export)
/** Headers that the sender sets itself. */
const RESERVED = new Set(['host', 'content-length', 'transfer-encoding', 'connection'])

/** POST /asset/:id/export: the source file is sent to an address of the caller's. */
export const exportAsset: Operation = async ({ parts, engine, principal, tenant, params, body }) => {
  const wanted = read(body)
  const { body: asset } = await findAsset(engine, tenant, params.id!)
  if (asset.phase !== 'ready' || !asset.media) throw new LivepeerError(412, 'asset is not ready to be exported')
  if (!('custom' in wanted)) throw notImplemented('IPFS storage is not configured on this server')
  await checkQueue(parts, principal)
  const { url, method = 'PUT', headers = {} } = wanted.custom
  const directory = parts.mediaDirectory(asset.playbackId)
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const at = engine.now()
  const task: TaskRecord = {
    id: newTaskId(),
    type: 'export',
    createdAt: at,
    updatedAt: at,
    inputAssetId: asset.id,
    userId: principal.id,
    params: { export: { custom: wanted.custom } },
    send: {
      directory,
      file: join(directory, 'video'),
      url,
      method,
      headers: {
        'content-type': `${asset.media.type}/${asset.media.videoSpec.format}`,
        ...Object.fromEntries(given.filter(([name]) => !RESERVED.has(name))),
      },
    },
  }
  return created({ task: presentTask(await startTask(parts, principal, task, []), undefined) })
}
